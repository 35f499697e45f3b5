"""TagResource, UntagResource and ListTagsForResource."""

import time

from support import ACCOUNT, NOTATION, OTHER_ACCOUNT, REGION, SignerTest


class Tags(SignerTest):
    def setUp(self):
        self.profile, put = self.put()
        self.arn = put["arn"]

    def tags(self, arn=None):
        return self.client.list_tags_for_resource(resourceArn=arn or self.arn)["tags"]

    def test_tags_are_added_changed_and_removed(self):
        self.assertEqual(self.tags(), {})
        self.client.tag_resource(resourceArn=self.arn, tags={"a": "1", "b": ""})
        self.client.tag_resource(resourceArn=self.arn, tags={"b": "2", "c": "3"})
        self.assertEqual(self.tags(), {"a": "1", "b": "2", "c": "3"})
        self.assertEqual(self.client.get_signing_profile(profileName=self.profile)["tags"], self.tags())
        self.client.untag_resource(resourceArn=self.arn, tagKeys=["a", "c", "absent"])
        self.assertEqual(self.tags(), {"b": "2"})
        self.client.untag_resource(resourceArn=self.arn, tagKeys=["a"])

    def test_tags_of_the_profile_are_listed(self):
        _, put = self.put(tags={"team": "images", "Cost:Center/1": "a=b+c"})
        self.assertEqual(self.tags(put["arn"]), {"team": "images", "Cost:Center/1": "a=b+c"})

    def test_keys_differ_by_case(self):
        self.client.tag_resource(resourceArn=self.arn, tags={"team": "1", "Team": "2"})
        self.assertEqual(self.tags(), {"team": "1", "Team": "2"})

    def test_keys_follow_the_model(self):
        good = ["a", "A.b-c_d:e/f+g=h", "x" * 128, "AWS:y"]
        for key in good:
            self.client.tag_resource(resourceArn=self.arn, tags={key: "v"})
        self.assertEqual(set(self.tags()), set(good))
        for key in ["", "a b", "\u00fc", "a\n", "aws:x", "x" * 129, "a@b", "a*"]:
            with self.subTest(key):
                self.refused("BadRequestException", self.unchecked.tag_resource, resourceArn=self.arn, tags={key: "v"})
                self.refused("BadRequestException", self.unchecked.untag_resource, resourceArn=self.arn, tagKeys=[key])
                self.invalid(
                    self.unchecked.put_signing_profile, "tags", profileName=self.name(), platformId=NOTATION, tags={key: "v"}
                )
        self.assertEqual(set(self.tags()), set(good))

    def test_values_are_up_to_256_characters_of_any_kind(self):
        value = "\u00fc\u2713 \n" + "x" * 252
        self.client.tag_resource(resourceArn=self.arn, tags={"a": value})
        self.assertEqual(self.tags(), {"a": value})
        self.refused("BadRequestException", self.unchecked.tag_resource, resourceArn=self.arn, tags={"a": "x" * 257})

    def test_a_profile_has_up_to_50_tags(self):
        def some(first, last):
            # The model's pattern has the digits in the range from + to =.
            return {f"k{number}": "v" for number in range(first, last)}

        self.client.tag_resource(resourceArn=self.arn, tags=some(0, 50))
        self.refused("BadRequestException", self.client.tag_resource, resourceArn=self.arn, tags=some(50, 51))
        self.client.tag_resource(resourceArn=self.arn, tags={"k0": "other"})
        self.assertEqual(len(self.tags()), 50)
        self.invalid(
            self.client.put_signing_profile, "tags", profileName=self.name(), platformId=NOTATION, tags=some(0, 51)
        )
        self.put(tags=some(0, 50))

    def test_no_tags_are_refused(self):
        self.refused("BadRequestException", self.unchecked.tag_resource, resourceArn=self.arn, tags={})
        self.refused("BadRequestException", self.unchecked.tag_resource, resourceArn=self.arn)
        self.refused("BadRequestException", self.unchecked.untag_resource, resourceArn=self.arn, tagKeys=[])
        self.refused("BadRequestException", self.unchecked.untag_resource, resourceArn=self.arn)

    def test_a_canceled_profile_has_no_tagging(self):
        self.client.tag_resource(resourceArn=self.arn, tags={"a": "1"})
        self.client.cancel_signing_profile(profileName=self.profile)
        self.refused("BadRequestException", self.client.tag_resource, resourceArn=self.arn, tags={"b": "2"})
        self.refused("BadRequestException", self.client.untag_resource, resourceArn=self.arn, tagKeys=["a"])
        self.refused("BadRequestException", self.client.list_tags_for_resource, resourceArn=self.arn)

    def test_a_revoked_profile_keeps_its_tagging(self):
        version = self.client.get_signing_profile(profileName=self.profile)["profileVersion"]
        self.client.revoke_signing_profile(
            profileName=self.profile, profileVersion=version, reason="leak", effectiveTime=time.time()
        )
        self.client.tag_resource(resourceArn=self.arn, tags={"a": "1"})
        self.assertEqual(self.tags(), {"a": "1"})

    def test_profiles_that_do_not_exist_are_not_found(self):
        absent = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/{self.name()}"
        self.refused("NotFoundException", self.client.list_tags_for_resource, resourceArn=absent)
        self.refused("NotFoundException", self.client.tag_resource, resourceArn=absent, tags={"a": "1"})
        self.refused("NotFoundException", self.client.untag_resource, resourceArn=absent, tagKeys=["a"])

    def test_resources_that_are_no_profiles_are_bad(self):
        for arn in [
            "nonsense",
            "arn:aws:s3:::bucket",
            f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/12345678-1234-1234-1234-123456789012",
            f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/a-b",
            self.arn + "/ABCDEFGHIJ",
            self.arn.upper(),
        ]:
            with self.subTest(arn):
                self.refused("BadRequestException", self.client.list_tags_for_resource, resourceArn=arn)
                self.refused("BadRequestException", self.client.tag_resource, resourceArn=arn, tags={"a": "1"})
                self.refused("BadRequestException", self.client.untag_resource, resourceArn=arn, tagKeys=["a"])

    def test_profiles_of_other_accounts_are_not_tagged(self):
        other = self.arn.replace(ACCOUNT, OTHER_ACCOUNT)
        with self.assertRaises(self.client.exceptions.ClientError) as caught:
            self.client.tag_resource(resourceArn=other, tags={"a": "1"})
        self.assertIn(caught.exception.response["Error"]["Code"], ["NotFoundException", "AccessDeniedException"])
