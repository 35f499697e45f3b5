"""Users and roles with policies: what they may do, and in which words AWS refuses the rest."""

import json
import pathlib
import subprocess
import tempfile
import time

from support import ACCOUNT, FORMAT, NOTATION, OTHER_ACCOUNT, PAYLOAD, REGION, TOOL, Signer, SignerTest

ANY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "signer:*", "Resource": "*"}]}


def policy(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(*actions, resource="*", **more):
    return {"Effect": "Allow", "Action": [f"signer:{action}" for action in actions], "Resource": resource, **more}


def deny(*actions, resource="*", **more):
    return {**allow(*actions, resource=resource, **more), "Effect": "Deny"}


class PrincipalsTest(SignerTest):
    @classmethod
    def setUpClass(cls):
        cls.signer = Signer()
        cls.addClassCleanup(cls.signer.stop)
        cls.client = cls.signer.client()
        cls.data = cls.signer.client(service="signer-data")

    def add(self, name, *policies, role=False, account=None):
        """A client of a new principal."""
        with tempfile.TemporaryDirectory() as folder:
            options = ["--role"] if role else []
            options += ["--account", account] if account else []
            for number, document in enumerate(policies):
                file = pathlib.Path(folder) / f"policy{number}.json"
                file.write_text(json.dumps(document), encoding="utf-8")
                options += ["--policy", str(file)]
            command = [TOOL, "local-signer", "principal", "add", name, "--dir", str(self.signer.dir), *options]
            subprocess.run(command, check=True, capture_output=True, text=True)
        return self.signer.client(profile=name)

    def principal(self, *policies, **more):
        return self.add(self.name(), *policies, **more)

    def denied(self, call, **parameters):
        return self.refused("AccessDeniedException", call, **parameters)["Error"]["Message"]

    def calls(self, client):
        """Each operation with parameters that it takes: pairs of the method and the parameters."""
        name, put = self.put()
        job = self.sign(name)["jobId"]
        revision = self.client.add_profile_permission(
            profileName=name, action="signer:SignPayload", principal=OTHER_ACCOUNT, statementId="one"
        )["revisionId"]
        arn = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/{job}"
        given = {
            "list_signing_platforms": {},
            "start_signing_job": {
                "source": {"s3": {"bucketName": "unsigned", "key": "code.zip", "version": "null"}},
                "destination": {"s3": {"bucketName": "signed"}},
                "profileName": name,
                "clientRequestToken": self.name(),
            },
            "get_signing_platform": {"platformId": NOTATION},
            "list_signing_profiles": {},
            "get_signing_profile": {"profileName": name},
            "put_signing_profile": {"profileName": self.name(), "platformId": NOTATION},
            "list_signing_jobs": {},
            "describe_signing_job": {"jobId": job},
            "sign_payload": {"profileName": name, "payload": PAYLOAD, "payloadFormat": FORMAT},
            "list_tags_for_resource": {"resourceArn": put["arn"]},
            "tag_resource": {"resourceArn": put["arn"], "tags": {"a": "b"}},
            "untag_resource": {"resourceArn": put["arn"], "tagKeys": ["a"]},
            "list_profile_permissions": {"profileName": name},
            "remove_profile_permission": {"profileName": name, "statementId": "one", "revisionId": revision},
            "get_revocation_status": {
                "signatureTimestamp": time.time(),
                "platformId": NOTATION,
                "profileVersionArn": put["profileVersionArn"],
                "jobArn": arn,
                "certificateHashes": ["ab" * 96],
            },
            "add_profile_permission": {
                "profileName": name,
                "action": "signer:SignPayload",
                "principal": OTHER_ACCOUNT,
                "statementId": "two",
            },
            "revoke_signature": {"jobId": job, "reason": "leak"},
            "revoke_signing_profile": {
                "profileName": name,
                "profileVersion": put["profileVersion"],
                "reason": "leak",
                "effectiveTime": time.time(),
            },
            "cancel_signing_profile": {"profileName": name},
        }
        return [(getattr(client, method), parameters) for method, parameters in given.items()]


class Principals(PrincipalsTest):
    def test_a_user_without_policies_may_do_nothing(self):
        name = self.name()
        client = self.add(name)
        for call, parameters in self.calls(client):
            with self.subTest(call.__name__):
                message = self.denied(call, **parameters)
                self.assertIn(f"arn:aws:iam::{ACCOUNT}:user/{name} is not authorized to perform: signer:", message)
                self.assertIn("because no identity-based policy allows the signer:", message)

    def test_a_user_with_full_access_may_do_everything(self):
        client = self.principal(ANY)
        for call, parameters in self.calls(client):
            if call.__name__ not in ("start_signing_job", "add_profile_permission"):
                with self.subTest(call.__name__):
                    call(**parameters)

    def test_the_actions_of_each_operation(self):
        """Each operation needs the action of its name, and no other."""
        model = self.client.meta.method_to_api_mapping
        for method, action in sorted(model.items()):
            only = self.principal(policy(allow(action)))
            for call, parameters in self.calls(only):
                if call.__name__ == method and method not in ("start_signing_job", "add_profile_permission"):
                    call(**parameters)

    def test_an_explicit_deny_wins(self):
        client = self.principal(ANY, policy(deny("GetSigningProfile")))
        name, _ = self.put(client)
        message = self.denied(client.get_signing_profile, profileName=name)
        self.assertIn("with an explicit deny in an identity-based policy", message)

    def test_access_to_all_profiles_of_an_account(self):
        """The Developer Guide's first policy."""
        client = self.principal(
            policy(allow("GetSigningProfile", "ListSigningProfiles", "StartSigningJob", "DescribeSigningJob", "ListSigningJobs"))
        )
        name, _ = self.put()
        job = self.sign(name)["jobId"]
        client.get_signing_profile(profileName=name)
        client.list_signing_profiles()
        client.describe_signing_job(jobId=job)
        client.list_signing_jobs()
        self.denied(client.cancel_signing_profile, profileName=name)
        self.denied(client.put_signing_profile, profileName=self.name(), platformId=NOTATION)

    def test_access_to_one_profile(self):
        """The Developer Guide's second policy."""
        (name, put), (other, _) = self.put(), self.put()
        client = self.principal(
            policy(
                allow("GetSigningProfile", "StartSigningJob", "SignPayload", resource=put["arn"]),
                allow("ListSigningJobs", "ListSigningProfiles", "DescribeSigningJob"),
            )
        )
        client.get_signing_profile(profileName=name)
        self.sign(name, client)
        self.denied(client.get_signing_profile, profileName=other)
        self.denied(client.sign_payload, profileName=other, payload=PAYLOAD, payloadFormat=FORMAT)

    def test_access_to_one_version(self):
        """The Developer Guide's third policy."""
        name, put = self.put()
        for version, allowed in [(put["profileVersion"], True), ("abcde12345", False)]:
            condition = {"StringEquals": {"signer:ProfileVersion": version}}
            client = self.principal(policy(allow("GetSigningProfile", resource=put["arn"], Condition=condition)))
            if allowed:
                client.get_signing_profile(profileName=name)
            else:
                self.denied(client.get_signing_profile, profileName=name)

    def test_access_by_tags(self):
        (mine, mine_put), (other, _) = self.put(tags={"team": "a"}), self.put(tags={"team": "b"})
        condition = {"StringEquals": {"aws:ResourceTag/team": "a"}}
        client = self.principal(policy(allow("GetSigningProfile", "SignPayload", Condition=condition)))
        client.get_signing_profile(profileName=mine)
        self.sign(mine, client)
        self.denied(client.get_signing_profile, profileName=other)
        condition = {"StringEquals": {"aws:RequestTag/team": "a"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}
        client = self.principal(policy(allow("PutSigningProfile", "TagResource", Condition=condition)))
        self.put(client, tags={"team": "a"})
        for tags in [{"team": "b"}, {"team": "a", "cost": "c"}]:
            self.denied(client.put_signing_profile, profileName=self.name(), platformId=NOTATION, tags=tags)
            self.denied(client.tag_resource, resourceArn=mine_put["arn"], tags=tags)

    def test_roles_have_session_tokens(self):
        name = self.name()
        client = self.add(name, ANY, role=True)
        key, secret, token = self.signer.keys(name)
        self.assertTrue(token)
        profile, _ = self.put(client)
        job = self.client.describe_signing_job(jobId=self.sign(profile, client)["jobId"])
        self.assertIn(name, job["requestedBy"])
        import boto3

        for wrong in [None, token[:-4] + "AAAA", "nonsense"]:
            session = boto3.session.Session(key, secret, wrong, REGION)
            refused = session.client("signer", endpoint_url=self.signer.endpoint)
            self.refused("UnrecognizedClientException", refused.list_signing_platforms)

    def test_wrong_secrets_are_refused(self):
        import boto3

        key, secret, _ = self.signer.keys()
        for given, code in [((key, "x" * 40), "InvalidSignatureException"), (("AKIALOCALAAAAAAAAAAA", secret), "UnrecognizedClientException")]:
            client = boto3.session.Session(*given, None, REGION).client("signer", endpoint_url=self.signer.endpoint)
            self.refused(code, client.list_signing_platforms)


class CrossAccount(PrincipalsTest):
    """A principal of another account needs a policy of its own and a permission of the profile."""

    def setUp(self):
        self.profile, self.profile_put = self.put()

    def permit(self, action, principal=OTHER_ACCOUNT, **more):
        try:
            more["revisionId"] = self.client.list_profile_permissions(profileName=self.profile)["revisionId"]
        except self.client.exceptions.ResourceNotFoundException:
            pass  # It has no permissions yet.
        self.client.add_profile_permission(
            profileName=self.profile, action=f"signer:{action}", principal=principal, statementId=self.name(), **more
        )

    def sign_there(self, client):
        return client.sign_payload(
            profileName=self.profile, profileOwner=ACCOUNT, payload=PAYLOAD, payloadFormat=FORMAT
        )

    def test_both_sides_must_allow(self):
        there = self.principal(ANY, account=OTHER_ACCOUNT)
        nothing = self.principal(account=OTHER_ACCOUNT)
        given = {"profileName": self.profile, "profileOwner": ACCOUNT}
        message = self.denied(there.get_signing_profile, **given)
        self.assertIn("because no resource-based policy allows the signer:GetSigningProfile action", message)
        self.permit("GetSigningProfile")
        self.assertEqual(there.get_signing_profile(**given)["arn"], self.profile_put["arn"])
        self.denied(nothing.get_signing_profile, **given)
        self.denied(there.sign_payload, payload=PAYLOAD, payloadFormat=FORMAT, **given)

    def test_a_permission_to_sign(self):
        there = self.principal(ANY, account=OTHER_ACCOUNT)
        self.permit("SignPayload")
        signed = self.sign_there(there)
        self.assertEqual(signed["jobOwner"], ACCOUNT)
        job = self.client.describe_signing_job(jobId=signed["jobId"])
        self.assertEqual((job["jobOwner"], job["jobInvoker"]), (ACCOUNT, OTHER_ACCOUNT))
        (listed,) = self.client.list_signing_jobs(jobInvoker=OTHER_ACCOUNT, maxResults=1)["jobs"]
        self.assertEqual(listed["jobId"], signed["jobId"])

    def test_a_permission_to_revoke(self):
        there = self.principal(ANY, account=OTHER_ACCOUNT)
        self.permit("SignPayload")
        signed = self.sign_there(there)
        self.denied(there.revoke_signature, jobId=signed["jobId"], jobOwner=ACCOUNT, reason="leak")
        self.permit("RevokeSignature")
        there.revoke_signature(jobId=signed["jobId"], jobOwner=ACCOUNT, reason="leak")
        self.assertIn("revocationRecord", self.client.describe_signing_job(jobId=signed["jobId"]))

    def test_a_permission_for_a_role(self):
        name = self.name()
        role, other = self.add(name, ANY, role=True, account=OTHER_ACCOUNT), self.principal(ANY, account=OTHER_ACCOUNT)
        self.permit("SignPayload", f"arn:aws:iam::{OTHER_ACCOUNT}:role/{name}")
        self.sign_there(role)
        self.denied(
            other.sign_payload, profileName=self.profile, profileOwner=ACCOUNT, payload=PAYLOAD, payloadFormat=FORMAT
        )

    def test_a_removed_permission_ends(self):
        there = self.principal(ANY, account=OTHER_ACCOUNT)
        self.permit("SignPayload")
        self.sign_there(there)
        listed = self.client.list_profile_permissions(profileName=self.profile)
        self.client.remove_profile_permission(
            profileName=self.profile, statementId=listed["permissions"][0]["statementId"], revisionId=listed["revisionId"]
        )
        self.denied(
            there.sign_payload, profileName=self.profile, profileOwner=ACCOUNT, payload=PAYLOAD, payloadFormat=FORMAT
        )

    def test_other_accounts_have_their_own_profiles(self):
        there = self.principal(ANY, account=OTHER_ACCOUNT)
        _, put = self.put(there, profileName=self.profile)
        self.assertIn(OTHER_ACCOUNT, put["arn"])
        listed = [profile["arn"] for profile in there.list_signing_profiles(maxResults=25)["profiles"]]
        self.assertIn(put["arn"], listed)
        self.assertFalse(any(ACCOUNT in arn for arn in listed))
        # Without a permission, it is not even said whether the profile exists.
        for name in [self.profile, self.name()]:
            arn = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/{name}"
            self.denied(there.list_tags_for_resource, resourceArn=arn)
