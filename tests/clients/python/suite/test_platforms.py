"""ListSigningPlatforms and GetSigningPlatform."""

from support import DEVICE, LAMBDA, NOTATION, SignerTest

PLATFORMS = {
    NOTATION: ("Notation", "SHA384-ECDSA", "Notation for container registries", True),
    LAMBDA: ("AWSLambda", "SHA384-ECDSA", "AWS Lambda", True),
    "AWSIoTDeviceManagement-SHA256-ECDSA": ("AWSIoTDeviceManagement", "SHA256-ECDSA", None, False),
    DEVICE: ("AmazonFreeRTOS", "SHA256-ECDSA", None, False),
    "AmazonFreeRTOS-TI-CC3220SF": ("AmazonFreeRTOS", "SHA1-RSA-TISHA1", None, False),
}


class Platforms(SignerTest):
    def test_all_platforms_are_listed(self):
        listed = self.client.list_signing_platforms()["platforms"]
        self.assertEqual({platform["platformId"] for platform in listed}, set(PLATFORMS))
        for platform in listed:
            partner, target, name, revocable = PLATFORMS[platform["platformId"]]
            self.assertEqual((platform["partner"], platform["target"]), (partner, target))
            self.assertEqual(platform["revocationSupported"], revocable)
            self.assertEqual(name or platform["displayName"], platform["displayName"])

    def test_a_platform_is_as_it_is_listed(self):
        for listed in self.client.list_signing_platforms()["platforms"]:
            found = self.client.get_signing_platform(platformId=listed["platformId"])
            found.pop("ResponseMetadata")
            self.assertEqual(found, listed)

    def test_defaults_are_among_the_allowed_values(self):
        for platform in self.client.list_signing_platforms()["platforms"]:
            for options in platform["signingConfiguration"].values():
                self.assertIn(options["defaultValue"], options["allowedValues"])
            image_format = platform["signingImageFormat"]
            self.assertIn(image_format["defaultFormat"], image_format["supportedFormats"])
            self.assertGreater(platform["maxSizeInMB"], 0)

    def test_an_unknown_platform_is_not_found(self):
        self.refused("ResourceNotFoundException", self.client.get_signing_platform, platformId="NoSuchPlatform")

    def test_platforms_by_partner(self):
        listed = self.client.list_signing_platforms(partner="AmazonFreeRTOS")["platforms"]
        self.assertEqual({platform["platformId"] for platform in listed}, {DEVICE, "AmazonFreeRTOS-TI-CC3220SF"})

    def test_platforms_by_target(self):
        listed = self.client.list_signing_platforms(target="SHA384-ECDSA")["platforms"]
        self.assertEqual({platform["platformId"] for platform in listed}, {LAMBDA, NOTATION})

    def test_filters_that_nothing_passes_give_an_empty_list(self):
        for filters in [{"partner": "Nobody"}, {"target": "Nothing"}, {"category": "Other"}]:
            answer = self.client.list_signing_platforms(**filters)
            self.assertEqual(answer["platforms"], [], filters)
            self.assertNotIn("nextToken", answer)

    def test_filters_apply_together(self):
        listed = self.client.list_signing_platforms(partner="AmazonFreeRTOS", target="SHA1-RSA-TISHA1")["platforms"]
        self.assertEqual([platform["platformId"] for platform in listed], ["AmazonFreeRTOS-TI-CC3220SF"])

    def test_the_number_of_results_has_limits(self):
        for number in [0, -1, 26, 1000]:
            self.invalid(self.unchecked.list_signing_platforms, "maxResults", maxResults=number)
        self.assertEqual(len(self.client.list_signing_platforms(maxResults=1)["platforms"]), 1)
        self.assertEqual(len(self.client.list_signing_platforms(maxResults=25)["platforms"]), len(PLATFORMS))

    def test_a_token_that_is_none_is_refused(self):
        for token in ["nonsense", "AAAA", "", "\u00fc"]:
            self.refused("ValidationException", self.client.list_signing_platforms, nextToken=token)
