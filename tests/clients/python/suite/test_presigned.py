"""Presigned requests: the signature is in the query."""

import json
import urllib.parse

import raw
from support import NOTATION, SignerTest


class Presigned(SignerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection = raw.Connection(cls.signer)
        cls.addClassCleanup(cls.connection.close)

    def fetch(self, url, method="GET", body=b""):
        target = url.removeprefix(self.signer.endpoint)
        return self.connection.send(method, target, body, signed=False)

    def url(self, operation, client=None, expires=60, **parameters):
        client = client or self.client
        return client.generate_presigned_url(operation, Params=parameters, ExpiresIn=expires)

    def test_reading_operations(self):
        name, put = self.put()
        job = self.sign(name)["jobId"]
        self.client.add_profile_permission(
            profileName=name, action="signer:GetSigningProfile", principal="444455556666", statementId="one"
        )
        for operation, parameters, member in [
            ("get_signing_profile", {"profileName": name}, "profileVersion"),
            ("list_signing_profiles", {"maxResults": 1}, "profiles"),
            ("list_signing_jobs", {}, "jobs"),
            ("describe_signing_job", {"jobId": job}, "jobId"),
            ("list_signing_platforms", {"partner": "AmazonFreeRTOS"}, "platforms"),
            ("get_signing_platform", {"platformId": NOTATION}, "platformId"),
            ("list_tags_for_resource", {"resourceArn": put["arn"]}, "tags"),
            ("list_profile_permissions", {"profileName": name}, "permissions"),
        ]:
            with self.subTest(operation):
                answer = self.fetch(self.url(operation, **parameters))
                self.assertEqual(answer.status, 200, str(answer))
                self.assertIn(member, json.loads(answer.body))

    def test_changing_operations(self):
        name, put = self.put(tags={"a": "1", "b": "2"})
        url = self.url("untag_resource", resourceArn=put["arn"], tagKeys=["a"])
        self.assertEqual(self.fetch(url, "DELETE").status, 200)
        self.assertEqual(self.client.list_tags_for_resource(resourceArn=put["arn"])["tags"], {"b": "2"})
        url = self.url("cancel_signing_profile", profileName=name)
        self.assertEqual(self.fetch(url, "DELETE").status, 200)
        self.assertEqual(self.client.get_signing_profile(profileName=name)["status"], "Canceled")

    def test_the_method_is_signed(self):
        name, _ = self.put()
        url = self.url("get_signing_profile", profileName=name)
        answer = self.fetch(url, "DELETE")
        self.assertEqual((answer.status, answer.code), (403, "InvalidSignatureException"))
        self.assertEqual(self.client.get_signing_profile(profileName=name)["status"], "Active")

    def test_changed_urls_are_refused(self):
        name, _ = self.put()
        other, _ = self.put()
        url = self.url("get_signing_profile", profileName=name)
        for changed in [
            url.replace(name, other),
            url + "&profileOwner=111122223333",
            url[:-1] + ("0" if url[-1] != "0" else "1"),
            url.replace("X-Amz-Expires=60", "X-Amz-Expires=600"),
        ]:
            answer = self.fetch(changed)
            self.assertEqual((answer.status, answer.code), (403, "InvalidSignatureException"), changed)

    def test_incomplete_urls_are_refused(self):
        name, _ = self.put()
        url = urllib.parse.urlsplit(self.url("get_signing_profile", profileName=name))
        query = urllib.parse.parse_qsl(url.query)
        for missing in [part for part, _ in query]:
            left = urllib.parse.urlencode([(part, value) for part, value in query if part != missing])
            answer = self.fetch(f"{url.path}?{left}")
            self.assertIn(answer.status, (400, 403), f"without {missing}: {answer}")

    def test_the_validity_has_limits(self):
        for expires in [0, -1, 604_801]:
            answer = self.fetch(self.url("list_signing_platforms", expires=expires))
            self.assertIn(answer.status, (400, 403), f"{expires}: {answer}")
        answer = self.fetch(self.url("list_signing_platforms", expires=604_800))
        self.assertEqual(answer.status, 200, str(answer))

    def test_other_secrets_are_refused(self):
        import boto3

        key, _, _ = self.signer.keys()
        session = boto3.session.Session(key, "another-secret-of-some-length", None, "us-west-2")
        client = session.client("signer", endpoint_url=self.signer.endpoint)
        answer = self.fetch(self.url("list_signing_platforms", client))
        self.assertEqual((answer.status, answer.code), (403, "InvalidSignatureException"))
