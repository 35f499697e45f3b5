"""AddProfilePermission, ListProfilePermissions and RemoveProfilePermission."""

from support import ACCOUNT, LAMBDA, OTHER_ACCOUNT, SignerTest

ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/signer"


class Permissions(SignerTest):
    def setUp(self):
        self.profile, self.version = self.put()

    def add(self, statement, revision=None, profile=None, client=None, **parameters):
        given = {"action": "signer:SignPayload", "principal": OTHER_ACCOUNT, **parameters}
        if revision is not None:
            given["revisionId"] = revision
        answer = (client or self.client).add_profile_permission(
            profileName=profile or self.profile, statementId=statement, **given
        )
        return answer["revisionId"]

    def refused_add(self, code, message=None, profile=None, **parameters):
        given = {"action": "signer:SignPayload", "principal": OTHER_ACCOUNT, "statementId": "one", **parameters}
        return self.refused(
            code, self.unchecked.add_profile_permission, message, profileName=profile or self.profile, **given
        )

    def listed(self):
        return self.client.list_profile_permissions(profileName=self.profile)

    def test_permissions_are_listed_as_they_were_added(self):
        first = self.add("one")
        second = self.add("two", first, action="signer:GetSigningProfile", principal=ROLE)
        self.add("three", second, action="signer:RevokeSignature", profileVersion=self.version["profileVersion"])
        found = self.listed()
        self.assertEqual(
            found["permissions"],
            [
                {"action": "signer:SignPayload", "principal": OTHER_ACCOUNT, "statementId": "one"},
                {"action": "signer:GetSigningProfile", "principal": ROLE, "statementId": "two"},
                {
                    "action": "signer:RevokeSignature",
                    "principal": OTHER_ACCOUNT,
                    "statementId": "three",
                    "profileVersion": self.version["profileVersion"],
                },
            ],
        )
        self.assertGreater(found["policySizeBytes"], 300)

    def test_each_change_gives_a_new_revision(self):
        first = self.add("one")
        self.assertEqual(self.listed()["revisionId"], first)
        second = self.add("two", first)
        removed = self.client.remove_profile_permission(profileName=self.profile, statementId="one", revisionId=second)
        self.assertEqual(self.listed()["revisionId"], removed["revisionId"])
        self.assertEqual(len({first, second, removed["revisionId"]}), 3)

    def test_the_first_permission_needs_no_revision(self):
        self.add("one")

    def test_an_empty_revision_is_none(self):
        self.add("one", "")
        self.refused_add("ValidationException", "no revisionId was provided", statementId="two", revisionId="")

    def test_a_stale_revision_conflicts_and_an_absent_one_is_invalid(self):
        first = self.add("one")
        self.refused_add("ValidationException", "no revisionId was provided", statementId="two")
        self.refused_add("ConflictException", statementId="two", revisionId="00000000-0000-0000-0000-000000000000")
        second = self.add("two", first)
        self.refused_add("ConflictException", statementId="three", revisionId=first)
        self.assertEqual(self.listed()["revisionId"], second)

    def test_a_revision_for_the_first_permission_is_invalid(self):
        self.refused_add("ValidationException", "does not exist but revisionId", revisionId="00000000-0000-0000-0000-000000000000")

    def test_statement_ids_are_unique(self):
        first = self.add("one")
        self.assertEqual(self.add("one"), first, "a repetition changes nothing")
        action = "signer:RevokeSignature"
        self.refused_add("ValidationException", "already in the policy", statementId="one", revisionId=first, action=action)

    def test_statement_ids_are_checked(self):
        revision = None
        for statement in ["a", "A-9_", "x" * 64]:
            revision = self.add(statement, revision)
        for statement in ["", "a b", "a.b", "\u00fc", "x" * 65, "a/b"]:
            with self.subTest(statement):
                self.refused_add("ValidationException", "tatement", statementId=statement, revisionId=revision)

    def test_actions_are_those_of_the_platform(self):
        for action in ["signer:StartSigningJob", "signer:PutSigningProfile", "signer:*", "*", "s3:GetObject", "SignPayload"]:
            with self.subTest(action):
                self.refused_add("ValidationException", f"Action {action} not supported for platform", action=action)
        name, _ = self.put(platform=LAMBDA)
        revision = None
        for number, action in enumerate(["signer:StartSigningJob", "signer:GetSigningProfile", "signer:RevokeSignature"]):
            revision = self.add(f"s{number}", revision, name, action=action)
        self.refused_add("ValidationException", profile=name, action="signer:SignPayload", revisionId=revision)

    def test_principals_are_accounts_and_roles(self):
        user = f"arn:aws:iam::{OTHER_ACCOUNT}:user/alice"
        for principal in ["", "*", "123", user, "signer.amazonaws.com", ROLE.replace("aws", "aws-cn")]:
            with self.subTest(principal):
                self.refused_add("ValidationException", principal=principal)
        revision = None
        for number, principal in enumerate([OTHER_ACCOUNT, ROLE, f"arn:aws:iam::{OTHER_ACCOUNT}:role/path/signer", ACCOUNT]):
            revision = self.add(f"p{number}", revision, principal=principal)

    def test_versions_must_be_those_of_the_profile(self):
        self.refused_add("ResourceNotFoundException", profileVersion="0000000000")
        self.refused_add("ValidationException", "profileVersion", profileVersion="short")

    def test_required_parameters(self):
        for missing in ["action", "principal", "statementId"]:
            given = {"action": "signer:SignPayload", "principal": OTHER_ACCOUNT, "statementId": "one"}
            del given[missing]
            self.invalid(self.unchecked.add_profile_permission, missing, profileName=self.profile, **given)

    def test_profiles_that_do_not_exist_are_not_found(self):
        absent = self.name()
        self.refused_add("ResourceNotFoundException", profile=absent)
        self.refused("ResourceNotFoundException", self.client.list_profile_permissions, profileName=absent)
        self.refused(
            "ResourceNotFoundException",
            self.client.remove_profile_permission,
            profileName=absent,
            statementId="one",
            revisionId="x",
        )

    def test_malformed_names_are_refused(self):
        self.refused_add("ValidationException", "profileName", profile="a-b")
        self.invalid(self.unchecked.list_profile_permissions, "profileName", profileName="a-b")
        self.invalid(
            self.unchecked.remove_profile_permission, "profileName", profileName="a-b", statementId="one", revisionId="x"
        )

    def test_removed_permissions_are_gone(self):
        first = self.add("one")
        second = self.add("two", first)
        self.client.remove_profile_permission(profileName=self.profile, statementId="one", revisionId=second)
        self.assertEqual([found["statementId"] for found in self.listed()["permissions"]], ["two"])

    def test_a_removed_statement_id_can_be_used_again(self):
        first = self.add("one")
        self.client.remove_profile_permission(profileName=self.profile, statementId="one", revisionId=first)
        self.refused("ResourceNotFoundException", self.client.list_profile_permissions, profileName=self.profile)
        self.add("one")

    def test_removing_needs_the_revision(self):
        first = self.add("one")
        second = self.add("two", first)
        for stale in [first, "x", ""]:
            with self.subTest(stale):
                self.refused(
                    "ConflictException",
                    self.unchecked.remove_profile_permission,
                    profileName=self.profile,
                    statementId="one",
                    revisionId=stale,
                )
        self.assertEqual(self.listed()["revisionId"], second)
        self.invalid(
            self.unchecked.remove_profile_permission, "revisionId", profileName=self.profile, statementId="one"
        )

    def test_removing_an_unknown_statement_is_not_found(self):
        revision = self.add("one")
        self.refused(
            "ResourceNotFoundException",
            self.client.remove_profile_permission,
            profileName=self.profile,
            statementId="other",
            revisionId=revision,
        )

    def test_a_profile_without_permissions_has_no_policy(self):
        self.refused(
            "ResourceNotFoundException", self.client.list_profile_permissions, "No policies", profileName=self.profile
        )

    def test_a_policy_has_a_limit(self):
        revision, added = None, 0
        with self.assertRaises(self.client.exceptions.ServiceLimitExceededException) as refused:
            for number in range(200):
                revision = self.add(f"statement-{number}", revision)
                added += 1
        self.assertIn("2000 bytes", str(refused.exception))
        self.assertGreater(added, 5)
        self.assertEqual(len(self.listed()["permissions"]), added)

    def test_permissions_of_a_canceled_profile_stay(self):
        first = self.add("one")
        self.client.cancel_signing_profile(profileName=self.profile)
        self.refused_add("ValidationException", "in Canceled state", statementId="two", revisionId=first)
        remove = {"profileName": self.profile, "statementId": "one", "revisionId": first}
        self.refused("ValidationException", self.client.remove_profile_permission, "in Canceled state", **remove)
        self.assertEqual(len(self.listed()["permissions"]), 1)
