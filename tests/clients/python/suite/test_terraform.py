"""The calls of Terraform's AWS provider for aws_signer_signing_profile, aws_signer_signing_profile_permission and
aws_signer_signing_job, in its order and with its parameters (internal/service/signer in the provider)."""

from botocore.exceptions import ClientError

from support import ACCOUNT, LAMBDA, NOTATION, OTHER_ACCOUNT, SignerTest


class NotFound(Exception):
    """What the provider takes for a resource that is gone."""


class Provider(SignerTest):
    """Each method makes the calls of one step of the provider."""

    def create_profile(self, name, **parameters):
        self.client.put_signing_profile(profileName=name, platformId=NOTATION, **parameters)
        return self.read_profile(name)

    def read_profile(self, name):
        try:
            found = self.client.get_signing_profile(profileName=name)
        except self.client.exceptions.ResourceNotFoundException as error:
            raise NotFound from error
        if found["status"] == "Canceled":
            raise NotFound("it is canceled")
        return found

    def update_tags(self, arn, old, new):
        removed = [key for key in old if key not in new]
        changed = {key: value for key, value in new.items() if old.get(key) != value}
        if removed:
            self.client.untag_resource(resourceArn=arn, tagKeys=removed)
        if changed:
            self.client.tag_resource(resourceArn=arn, tags=changed)

    def delete_profile(self, name):
        try:
            self.client.cancel_signing_profile(profileName=name)
        except self.client.exceptions.ResourceNotFoundException:
            pass

    def revision(self, name):
        try:
            return self.client.list_profile_permissions(profileName=name).get("revisionId", "")
        except self.client.exceptions.ResourceNotFoundException:
            return ""

    def create_permission(self, name, statement, **parameters):
        self.client.add_profile_permission(
            profileName=name, revisionId=self.revision(name), statementId=statement, **parameters
        )
        return self.find_permission(name, statement)

    def find_permission(self, name, statement):
        found, token = [], {}
        while True:
            try:
                page = self.client.list_profile_permissions(profileName=name, **token)
            except self.client.exceptions.ResourceNotFoundException as error:
                raise NotFound from error
            found += [permission for permission in page["permissions"] if permission["statementId"] == statement]
            if not page.get("nextToken"):
                break
            token = {"nextToken": page["nextToken"]}
        if not found:
            raise NotFound
        return found[0]

    def delete_permission(self, name, statement):
        revision = self.revision(name)
        try:
            self.client.remove_profile_permission(profileName=name, revisionId=revision, statementId=statement)
        except self.client.exceptions.ResourceNotFoundException:
            return
        with self.assertRaises(NotFound):
            self.find_permission(name, statement)


class Terraform(Provider):
    def test_a_profile_from_apply_to_destroy(self):
        name = self.name()
        found = self.create_profile(name, signatureValidityPeriod={"value": 5, "type": "YEARS"}, tags={"team": "a"})
        # A plan after the apply shows no change.
        self.assertEqual(found["signatureValidityPeriod"], {"value": 5, "type": "YEARS"})
        self.assertEqual((found["platformId"], found["status"]), (NOTATION, "Active"))
        self.assertEqual(found["platformDisplayName"], "Notation for container registries")
        self.assertEqual(found["tags"], {"team": "a"})
        self.update_tags(found["arn"], {"team": "a"}, {"team": "b", "cost": "c"})
        self.assertEqual(self.read_profile(name)["tags"], {"team": "b", "cost": "c"})
        self.update_tags(found["arn"], {"team": "b", "cost": "c"}, {})
        self.assertEqual(self.client.list_tags_for_resource(resourceArn=found["arn"])["tags"], {})
        self.delete_profile(name)
        with self.assertRaises(NotFound):
            self.read_profile(name)
        # A destroy that is repeated ends well, too.
        self.delete_profile(name)
        self.delete_profile(self.name())

    def test_a_profile_without_settings_shows_no_change(self):
        name = self.name()
        found = self.create_profile(name)
        self.assertEqual(found["signatureValidityPeriod"], {"value": 135, "type": "MONTHS"})
        self.assertEqual((found["signingMaterial"], found["tags"]), ({}, {}))

    def test_a_name_of_a_destroyed_profile_cannot_be_applied_again(self):
        name = self.name()
        self.create_profile(name)
        self.delete_profile(name)
        with self.assertRaises(ClientError):
            self.create_profile(name)

    def test_permissions_from_apply_to_destroy(self):
        name = self.name()
        version = self.create_profile(name)["profileVersion"]
        # The first permission has the revision "".
        first = self.create_permission(name, "tf-1", action="signer:SignPayload", principal=OTHER_ACCOUNT)
        self.assertNotIn("profileVersion", first)
        second = self.create_permission(
            name, "tf-2", action="signer:GetSigningProfile", principal=ACCOUNT, profileVersion=version
        )
        self.assertEqual(second["profileVersion"], version)
        third = self.create_permission(name, "tf-3", action="signer:RevokeSignature", principal=OTHER_ACCOUNT)
        self.assertEqual(third["action"], "signer:RevokeSignature")
        for statement in ["tf-2", "tf-1", "tf-3"]:
            self.delete_permission(name, statement)
        self.delete_permission(name, "tf-1")
        # After the last one was removed, another first one is added.
        self.create_permission(name, "tf-4", action="signer:SignPayload", principal=OTHER_ACCOUNT)

    def test_permissions_of_a_profile_that_is_gone_are_gone(self):
        with self.assertRaises(NotFound):
            self.find_permission(self.name(), "tf-1")

    def test_permissions_of_a_lambda_profile(self):
        name, _ = self.put(platform=LAMBDA)
        found = self.create_permission(name, "tf-1", action="signer:StartSigningJob", principal=OTHER_ACCOUNT)
        self.assertEqual(found["principal"], OTHER_ACCOUNT)
        self.delete_permission(name, "tf-1")
        self.delete_profile(name)
