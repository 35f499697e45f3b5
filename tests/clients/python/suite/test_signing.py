"""SignPayload, and the jobs that it makes: DescribeSigningJob."""

import datetime
import json
import time

from support import ACCOUNT, FORMAT, LAMBDA, NOTATION, OTHER_ACCOUNT, PAYLOAD, REGION, SignerTest, payload_claims


class SignPayload(SignerTest):
    def test_the_envelope_is_of_the_profile_and_the_job(self):
        name, put = self.put()
        signed = self.sign(name)
        claims, payload = payload_claims(signed["signature"])
        self.assertEqual(payload, PAYLOAD)
        job = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/{signed['jobId']}"
        self.assertEqual(claims["com.amazonaws.signer.signingJob"], job)
        self.assertEqual(claims["com.amazonaws.signer.signedProfileVersion"], put["profileVersionArn"]) if (
            "com.amazonaws.signer.signedProfileVersion" in claims
        ) else self.assertIn(put["profileVersionArn"], claims.values())
        self.assertEqual(claims["cty"], FORMAT)
        self.assertEqual(signed["jobOwner"], ACCOUNT)

    def test_metadata_names_profile_and_job(self):
        name, put = self.put()
        signed = self.sign(name)
        values = list(signed["metadata"].values())
        self.assertIn(put["arn"], values)
        self.assertIn(signed["jobId"], values)
        thumbprints = json.loads(signed["metadata"]["io.cncf.notary.x509chain.thumbprint#S256"])
        self.assertEqual([len(thumbprint) for thumbprint in thumbprints], [64] * len(thumbprints))

    def test_each_call_is_a_job_of_its_own(self):
        name, _ = self.put()
        jobs = {self.sign(name)["jobId"] for _ in range(5)}
        self.assertEqual(len(jobs), 5)

    def test_payloads_have_up_to_4096_bytes_of_any_kind(self):
        name, _ = self.put()
        for payload in [b"x", bytes(range(256)) * 16]:
            signed = self.client.sign_payload(profileName=name, payload=payload, payloadFormat=FORMAT)
            self.assertEqual(payload_claims(signed["signature"])[1], payload)
        for payload in [b"", b"x" * 4097]:
            self.invalid(
                self.unchecked.sign_payload, "payload", profileName=name, payload=payload, payloadFormat=FORMAT
            )

    def test_the_format_is_the_notary_projects(self):
        name, _ = self.put()
        for other in ["", "application/json", FORMAT + ";v=1", FORMAT.upper()]:
            self.refused(
                "ValidationException", self.client.sign_payload, profileName=name, payload=b"{}", payloadFormat=other
            )

    def test_required_parameters(self):
        name, _ = self.put()
        given = {"profileName": name, "payload": b"{}", "payloadFormat": FORMAT}
        for missing in given:
            self.invalid(self.unchecked.sign_payload, missing, **{key: value for key, value in given.items() if key != missing})

    def test_only_container_profiles_sign_payloads(self):
        name, _ = self.put(platform=LAMBDA)
        self.refused("ValidationException", self.client.sign_payload, profileName=name, payload=b"{}", payloadFormat=FORMAT)

    def test_profiles_that_do_not_exist_are_not_found(self):
        self.refused(
            "ResourceNotFoundException",
            self.client.sign_payload,
            profileName=self.name(),
            payload=b"{}",
            payloadFormat=FORMAT,
        )

    def test_revoked_profiles_do_not_sign(self):
        name, put = self.put()
        self.client.revoke_signing_profile(
            profileName=name, profileVersion=put["profileVersion"], reason="leak", effectiveTime=time.time()
        )
        self.refused("ValidationException", self.client.sign_payload, profileName=name, payload=b"{}", payloadFormat=FORMAT)

    def test_the_owner_may_be_named(self):
        name, _ = self.put()
        self.assertEqual(self.sign(name, profileOwner=ACCOUNT)["jobOwner"], ACCOUNT)

    def test_malformed_owners_are_refused(self):
        name, _ = self.put()
        given = {"profileName": name, "payload": b"{}", "payloadFormat": FORMAT}
        for owner in ["1", "x" * 12]:
            self.invalid(self.unchecked.sign_payload, "profileOwner", profileOwner=owner, **given)

    def test_profiles_of_other_accounts_do_not_sign_without_permission(self):
        name, _ = self.put()
        with self.assertRaises(self.client.exceptions.ClientError) as caught:
            self.sign(name, profileOwner=OTHER_ACCOUNT)
        self.assertIn(caught.exception.response["Error"]["Code"], ["AccessDeniedException", "ResourceNotFoundException"])


class Jobs(SignerTest):
    def test_a_job_is_described(self):
        name, put = self.put(signatureValidityPeriod={"value": 2, "type": "DAYS"}, signingParameters={"a": "b"})
        before = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)
        signed = self.sign(name)
        found = self.client.describe_signing_job(jobId=signed["jobId"])
        self.assertEqual(found["jobId"], signed["jobId"])
        self.assertEqual((found["jobOwner"], found["jobInvoker"]), (ACCOUNT, ACCOUNT))
        self.assertEqual((found["profileName"], found["profileVersion"]), (name, put["profileVersion"]))
        self.assertEqual(found["platformId"], NOTATION)
        self.assertEqual(found["platformDisplayName"], "Notation for container registries")
        self.assertEqual(found["status"], "Succeeded")
        self.assertEqual(found["signingParameters"], {"a": "b"})
        self.assertIn(ACCOUNT, found["requestedBy"])
        self.assertGreaterEqual(found["createdAt"], before)
        self.assertGreaterEqual(found["completedAt"], found["createdAt"])
        self.assertEqual(found["signatureExpiresAt"] - found["createdAt"], datetime.timedelta(days=2))
        self.assertNotIn("revocationRecord", found)

    def test_the_envelope_expires_with_the_job(self):
        name, _ = self.put(signatureValidityPeriod={"value": 3, "type": "MONTHS"})
        signed = self.sign(name)
        found = self.client.describe_signing_job(jobId=signed["jobId"])
        claims, _ = payload_claims(signed["signature"])
        self.assertEqual(datetime.datetime.fromisoformat(claims["io.cncf.notary.expiry"]), found["signatureExpiresAt"])

    def test_jobs_that_do_not_exist_are_not_found(self):
        for job in ["12345678-1234-1234-1234-123456789012", "nonsense", "x" * 1000, "\u00fc", " ", "a/b"]:
            with self.subTest(job):
                self.refused("ResourceNotFoundException", self.client.describe_signing_job, jobId=job)

    def test_a_job_of_another_region_is_not_found(self):
        name, _ = self.put()
        job = self.sign(name)["jobId"]
        other = self.signer.client(region="eu-west-3")
        self.refused("ResourceNotFoundException", other.describe_signing_job, jobId=job)

    def test_the_waiter_returns_for_a_job_that_succeeded(self):
        name, _ = self.put()
        waiter = self.client.get_waiter("successful_signing_job")
        waiter.wait(jobId=self.sign(name)["jobId"], WaiterConfig={"Delay": 1, "MaxAttempts": 2})

    def test_the_waiter_fails_for_a_job_that_does_not_exist(self):
        from botocore.exceptions import WaiterError

        waiter = self.client.get_waiter("successful_signing_job")
        with self.assertRaises(WaiterError):
            waiter.wait(jobId="12345678-1234-1234-1234-123456789012", WaiterConfig={"Delay": 1, "MaxAttempts": 2})
