"""PutSigningProfile, GetSigningProfile and CancelSigningProfile."""

import re

from support import ACCOUNT, DEVICE, LAMBDA, NOTATION, OTHER_ACCOUNT, REGION, SignerTest

CERTIFICATE = f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"


class Put(SignerTest):
    def test_the_answer_has_the_arns(self):
        name, answer = self.put()
        arn = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/{name}"
        self.assertEqual(answer["arn"], arn)
        self.assertRegex(answer["profileVersion"], r"\A[a-zA-Z0-9]{10}\Z")
        self.assertEqual(answer["profileVersionArn"], f"{arn}/{answer['profileVersion']}")

    def test_each_platform_can_have_profiles(self):
        for platform in self.client.list_signing_platforms()["platforms"]:
            material = {}
            if not platform["revocationSupported"]:
                algorithm = platform["signingConfiguration"]["encryptionAlgorithmOptions"]["defaultValue"]
                material = {"signingMaterial": {"certificateArn": self.signer.certificate(algorithm)}}
            name, _ = self.put(platform=platform["platformId"], **material)
            found = self.client.get_signing_profile(profileName=name)
            self.assertEqual(found["platformId"], platform["platformId"])
            self.assertEqual(found["platformDisplayName"], platform["displayName"])

    def test_names_are_checked(self):
        for name in ["a", "a" * 65, "with-dash", "with space", "with.dot", "\u00fc\u00fc", "a\nb", "x/y"]:
            self.invalid(self.unchecked.put_signing_profile, "profileName", profileName=name, platformId=NOTATION)
        for name in ["a_", "_9", "a" * 64]:
            self.put(profileName=name)

    def test_an_unknown_platform_is_refused(self):
        for platform in ["", "nothing", NOTATION.lower(), NOTATION + " "]:
            with self.subTest(platform):
                self.invalid(self.client.put_signing_profile, "platformId", profileName=self.name(), platformId=platform)

    def test_a_platform_is_required(self):
        self.invalid(self.unchecked.put_signing_profile, "platformId", profileName=self.name())

    def test_a_name_is_taken_once(self):
        name, first = self.put()
        self.refused("ValidationException", self.client.put_signing_profile, profileName=name, platformId=NOTATION)
        self.refused("ValidationException", self.client.put_signing_profile, profileName=name, platformId=LAMBDA)
        self.assertEqual(self.client.get_signing_profile(profileName=name)["profileVersion"], first["profileVersion"])

    def test_a_name_stays_taken_after_cancel_and_revoke(self):
        name, _ = self.put()
        self.client.cancel_signing_profile(profileName=name)
        self.refused("ValidationException", self.client.put_signing_profile, profileName=name, platformId=NOTATION)
        name, answer = self.put()
        self.client.revoke_signing_profile(
            profileName=name, profileVersion=answer["profileVersion"], reason="leak", effectiveTime=1_700_000_000
        )
        self.refused("ValidationException", self.client.put_signing_profile, profileName=name, platformId=NOTATION)

    def test_names_differ_by_case_and_region(self):
        name, first = self.put()
        _, second = self.put(profileName=name.upper())
        _, third = self.put(self.signer.client(region="eu-west-1"), profileName=name)
        self.assertEqual(len({first["arn"], second["arn"], third["arn"]}), 3)

    def test_the_default_validity_is_135_months(self):
        name, _ = self.put()
        period = self.client.get_signing_profile(profileName=name)["signatureValidityPeriod"]
        self.assertEqual(period, {"value": 135, "type": "MONTHS"})

    def test_validity_periods_have_limits(self):
        for value, unit in [(1, "DAYS"), (4050, "DAYS"), (1, "MONTHS"), (135, "MONTHS"), (1, "YEARS"), (11, "YEARS")]:
            period = {"value": value, "type": unit}
            name, _ = self.put(signatureValidityPeriod=period)
            self.assertEqual(self.client.get_signing_profile(profileName=name)["signatureValidityPeriod"], period)
        for value, unit in [(0, "DAYS"), (-1, "DAYS"), (136, "MONTHS"), (12, "YEARS"), (5000, "DAYS"), (2**31 - 1, "DAYS")]:
            period = {"value": value, "type": unit}
            with self.subTest(period):
                self.invalid(
                    self.client.put_signing_profile,
                    "signatureValidityPeriod",
                    profileName=self.name(),
                    platformId=NOTATION,
                    signatureValidityPeriod=period,
                )

    def test_units_of_validity_are_checked(self):
        for period in [{"value": 1, "type": "WEEKS"}, {"value": 1, "type": "days"}, {"value": 1}, {"type": "DAYS"}, {}]:
            with self.subTest(period):
                self.invalid(
                    self.unchecked.put_signing_profile,
                    "signatureValidityPeriod",
                    profileName=self.name(),
                    platformId=NOTATION,
                    signatureValidityPeriod=period,
                )

    def test_device_platforms_need_a_certificate(self):
        self.refused("ValidationException", self.client.put_signing_profile, profileName=self.name(), platformId=DEVICE)
        certificate = self.signer.certificate()
        name, _ = self.put(platform=DEVICE, signingMaterial={"certificateArn": certificate})
        found = self.client.get_signing_profile(profileName=name)
        self.assertEqual(found["signingMaterial"], {"certificateArn": certificate})

    def test_certificates_must_be_of_acm_and_the_region(self):
        for arn in ["", "nonsense", CERTIFICATE, CERTIFICATE.replace(REGION, "eu-west-1"), CERTIFICATE.replace("acm", "iam")]:
            self.refused(
                "ValidationException",
                self.client.put_signing_profile,
                profileName=self.name(),
                platformId=DEVICE,
                signingMaterial={"certificateArn": arn},
            )

    def test_platforms_of_aws_take_no_certificate(self):
        for platform in [NOTATION, LAMBDA]:
            self.refused(
                "ValidationException",
                self.client.put_signing_profile,
                profileName=self.name(),
                platformId=platform,
                signingMaterial={"certificateArn": CERTIFICATE},
            )

    def test_a_certificate_without_arn_is_refused(self):
        self.invalid(
            self.unchecked.put_signing_profile,
            "signingMaterial.certificateArn",
            profileName=self.name(),
            platformId=DEVICE,
            signingMaterial={},
        )

    def test_a_profile_without_a_certificate_has_empty_material_and_tags(self):
        name, _ = self.put()
        found = self.client.get_signing_profile(profileName=name)
        self.assertEqual((found["signingMaterial"], found["tags"]), ({}, {}))

    def test_overrides_that_the_platform_supports_are_kept(self):
        overrides = {
            "signingConfiguration": {"encryptionAlgorithm": "RSA", "hashAlgorithm": "SHA256"},
            "signingImageFormat": "JSONDetached",
        }
        material = {"certificateArn": self.signer.certificate("RSA")}
        name, _ = self.put(platform=DEVICE, signingMaterial=material, overrides=overrides)
        self.assertEqual(self.client.get_signing_profile(profileName=name)["overrides"], overrides)

    def test_other_overrides_are_refused(self):
        material = {"certificateArn": CERTIFICATE}
        for platform, overrides in [
            ("AWSIoTDeviceManagement-SHA256-ECDSA", {"signingConfiguration": {"encryptionAlgorithm": "RSA"}}),
            ("AWSIoTDeviceManagement-SHA256-ECDSA", {"signingConfiguration": {"hashAlgorithm": "SHA1"}}),
            ("AmazonFreeRTOS-TI-CC3220SF", {"signingImageFormat": "JSONDetached"}),
        ]:
            with self.subTest(platform=platform, overrides=overrides):
                self.invalid(
                    self.client.put_signing_profile,
                    "overrides",
                    profileName=self.name(),
                    platformId=platform,
                    signingMaterial=material,
                    overrides=overrides,
                )
        self.invalid(
            self.client.put_signing_profile,
            "overrides",
            profileName=self.name(),
            platformId=NOTATION,
            overrides={"signingImageFormat": "JSONDetached"},
        )

    def test_overrides_must_be_values_of_the_model(self):
        for overrides, member in [
            ({"signingConfiguration": {"encryptionAlgorithm": "DSA"}}, "encryptionAlgorithm"),
            ({"signingConfiguration": {"hashAlgorithm": "MD5"}}, "hashAlgorithm"),
            ({"signingImageFormat": "XML"}, "signingImageFormat"),
        ]:
            self.invalid(
                self.client.put_signing_profile,
                member,
                profileName=self.name(),
                platformId=NOTATION,
                overrides=overrides,
            )

    def test_signing_parameters_are_kept(self):
        given = {"key": "value", "empty": "", "\u00fc": "\u2713 \n"}
        name, _ = self.put(signingParameters=given)
        self.assertEqual(self.client.get_signing_profile(profileName=name)["signingParameters"], given)

    def test_all_violations_are_reported_together(self):
        error = self.invalid(self.unchecked.put_signing_profile, "4 validation errors", profileName="x", tags={"a b": "v"})
        text = error["Error"]["Message"]
        self.assertTrue("profileName" in text and "platformId" in text, text)


class Get(SignerTest):
    def test_a_profile_is_as_it_was_put(self):
        period = {"value": 3, "type": "YEARS"}
        name, put = self.put(signatureValidityPeriod=period, tags={"team": "images"})
        found = self.client.get_signing_profile(profileName=name)
        for member in ["arn", "profileVersion", "profileVersionArn"]:
            self.assertEqual(found[member], put[member])
        self.assertEqual(found["profileName"], name)
        self.assertEqual(found["platformId"], NOTATION)
        self.assertEqual(found["platformDisplayName"], "Notation for container registries")
        self.assertEqual(found["signatureValidityPeriod"], period)
        self.assertEqual(found["tags"], {"team": "images"})
        self.assertEqual(found["status"], "Active")
        self.assertNotIn("revocationRecord", found)

    def test_a_profile_that_does_not_exist_is_not_found(self):
        self.refused("ResourceNotFoundException", self.client.get_signing_profile, profileName=self.name())

    def test_the_owner_may_be_named(self):
        name, _ = self.put()
        found = self.client.get_signing_profile(profileName=name, profileOwner=ACCOUNT)
        self.assertEqual(found["profileName"], name)

    def test_malformed_owners_are_refused(self):
        name, _ = self.put()
        for owner in ["1", "x" * 12, "1" * 13, ""]:
            with self.subTest(owner):
                self.invalid(self.unchecked.get_signing_profile, "profileOwner", profileName=name, profileOwner=owner)

    def test_profiles_of_other_accounts_are_not_shown(self):
        name, _ = self.put()
        with self.assertRaises(self.client.exceptions.ClientError) as caught:
            self.client.get_signing_profile(profileName=name, profileOwner=OTHER_ACCOUNT)
        self.assertIn(caught.exception.response["Error"]["Code"], ["AccessDeniedException", "ResourceNotFoundException"])

    def test_a_profile_of_another_region_is_not_found(self):
        name, _ = self.put()
        other = self.signer.client(region="eu-central-1")
        self.refused("ResourceNotFoundException", other.get_signing_profile, profileName=name)

    def test_malformed_names_are_refused(self):
        for name in ["a", "a-b", "a" * 65]:
            self.invalid(self.unchecked.get_signing_profile, "profileName", profileName=name)


class Cancel(SignerTest):
    def test_a_canceled_profile_stays_and_says_so(self):
        name, put = self.put(tags={"team": "images"})
        answer = self.client.cancel_signing_profile(profileName=name)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)
        found = self.client.get_signing_profile(profileName=name)
        self.assertEqual((found["status"], found["profileVersion"]), ("Canceled", put["profileVersion"]))
        self.assertEqual(found["tags"], {"team": "images"})

    def test_a_canceled_profile_can_be_canceled_again(self):
        name, _ = self.put()
        for _ in range(3):
            self.client.cancel_signing_profile(profileName=name)
        self.assertEqual(self.client.get_signing_profile(profileName=name)["status"], "Canceled")

    def test_a_revoked_profile_stays_revoked(self):
        name, put = self.put()
        self.client.revoke_signing_profile(
            profileName=name, profileVersion=put["profileVersion"], reason="leak", effectiveTime=1_700_000_000
        )
        self.client.cancel_signing_profile(profileName=name)
        self.assertEqual(self.client.get_signing_profile(profileName=name)["status"], "Revoked")

    def test_a_canceled_profile_cannot_sign_or_get_permissions(self):
        name, _ = self.put()
        self.client.cancel_signing_profile(profileName=name)
        self.refused(
            "ValidationException",
            self.client.sign_payload,
            profileName=name,
            payload=b"{}",
            payloadFormat="application/vnd.cncf.notary.payload.v1+json",
        )
        self.refused(
            "ValidationException",
            self.client.add_profile_permission,
            profileName=name,
            action="signer:SignPayload",
            principal=OTHER_ACCOUNT,
            statementId="one",
        )

    def test_the_jobs_of_a_canceled_profile_stay_valid(self):
        name, put = self.put()
        job = self.sign(name)["jobId"]
        self.client.cancel_signing_profile(profileName=name)
        found = self.client.describe_signing_job(jobId=job)
        self.assertEqual(found["status"], "Succeeded")
        self.assertNotIn("revocationRecord", found)

    def test_a_profile_that_does_not_exist_is_not_found(self):
        self.refused("ResourceNotFoundException", self.client.cancel_signing_profile, profileName=self.name())

    def test_malformed_names_are_refused(self):
        self.invalid(self.unchecked.cancel_signing_profile, "profileName", profileName="a-b")
