"""RevokeSignature, RevokeSigningProfile and GetRevocationStatus, by both clients."""

import datetime
import time

from support import ACCOUNT, DEVICE, NOTATION, OTHER_ACCOUNT, REGION, SignerTest

UTC = datetime.timezone.utc
CERTIFICATES = ["ab" * 96, "cd" * 96]
UNKNOWN_JOB = "12345678-1234-1234-1234-123456789012"


class Revocation(SignerTest):
    def setUp(self):
        self.profile, self.put_answer = self.put()
        self.signed = self.sign(self.profile)
        self.job = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/{self.signed['jobId']}"

    def status(self, client=None, **parameters):
        given = {
            "signatureTimestamp": datetime.datetime.now(UTC),
            "platformId": NOTATION,
            "profileVersionArn": self.put_answer["profileVersionArn"],
            "jobArn": self.job,
            "certificateHashes": CERTIFICATES,
            **parameters,
        }
        return (client or self.client).get_revocation_status(**given)["revokedEntities"]

    def revoke_profile(self, effective=None, client=None, **parameters):
        given = {
            "profileName": self.profile,
            "profileVersion": self.put_answer["profileVersion"],
            "reason": "leak",
            "effectiveTime": time.time() if effective is None else effective,
            **parameters,
        }
        return (client or self.client).revoke_signing_profile(**given)

    def test_what_is_not_revoked_is_not_listed(self):
        self.assertEqual(self.status(), [])
        self.assertEqual(self.status(self.data), [])

    def test_a_revoked_signature_is_listed_by_both_clients(self):
        answer = self.client.revoke_signature(jobId=self.signed["jobId"], reason="leak")
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)
        self.assertEqual(self.status(), [self.job])
        self.assertEqual(self.status(self.data), [self.job])

    def test_the_job_says_that_its_signature_is_revoked(self):
        before = datetime.datetime.now(UTC).replace(microsecond=0)
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="leak", jobOwner=ACCOUNT)
        found = self.client.describe_signing_job(jobId=self.signed["jobId"])
        record = found["revocationRecord"]
        self.assertEqual(record["reason"], "leak")
        self.assertIn(ACCOUNT, record["revokedBy"])
        self.assertGreaterEqual(record["revokedAt"], before)
        self.assertEqual(found["status"], "Succeeded")

    def test_the_first_revocation_of_a_signature_is_kept(self):
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="first")
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="second")
        found = self.client.describe_signing_job(jobId=self.signed["jobId"])
        self.assertEqual(found["revocationRecord"]["reason"], "first")

    def test_other_signatures_of_the_profile_stay_valid(self):
        other = self.sign(self.profile)
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="leak")
        self.assertEqual(self.status(jobArn=self.job.replace(self.signed["jobId"], other["jobId"])), [])

    def test_a_signature_is_revoked_at_any_signing_time(self):
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="leak")
        self.assertEqual(self.status(signatureTimestamp=0), [self.job])

    def test_reasons_have_1_to_500_characters(self):
        for reason in ["", "x" * 501]:
            self.invalid(self.unchecked.revoke_signature, "reason", jobId=self.signed["jobId"], reason=reason)
            self.invalid(self.revoke_profile, "reason", client=self.unchecked, reason=reason)
        self.invalid(self.unchecked.revoke_signature, "reason", jobId=self.signed["jobId"])
        self.assertEqual(self.status(), [])
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="\u00fc" * 500)

    def test_jobs_that_do_not_exist_are_not_found(self):
        for job in [UNKNOWN_JOB, "nonsense", "x" * 300]:
            self.refused("ResourceNotFoundException", self.client.revoke_signature, jobId=job, reason="leak")

    def test_jobs_of_other_accounts_are_not_revoked(self):
        with self.assertRaises(self.client.exceptions.ClientError) as caught:
            self.client.revoke_signature(jobId=self.signed["jobId"], jobOwner=OTHER_ACCOUNT, reason="leak")
        self.assertIn(caught.exception.response["Error"]["Code"], ["AccessDeniedException", "ResourceNotFoundException"])
        self.invalid(
            self.unchecked.revoke_signature, "jobOwner", jobId=self.signed["jobId"], jobOwner="1", reason="leak"
        )

    def test_a_profile_is_revoked_from_a_time_on(self):
        effective = int(time.time()) - 1000
        answer = self.revoke_profile(effective)
        self.assertEqual(answer["ResponseMetadata"]["HTTPStatusCode"], 200)
        profile = self.put_answer["profileVersionArn"]
        for client in [self.client, self.data]:
            self.assertEqual(self.status(client, signatureTimestamp=effective - 1), [])
            self.assertEqual(self.status(client, signatureTimestamp=effective), [profile])
            self.assertEqual(self.status(client, signatureTimestamp=effective + 1), [profile])
        found = self.client.get_signing_profile(profileName=self.profile)
        self.assertEqual(found["status"], "Revoked")
        self.assertEqual(found["statusReason"], "leak")
        record = found["revocationRecord"]
        self.assertEqual(record["revocationEffectiveFrom"], datetime.datetime.fromtimestamp(effective, UTC))
        self.assertIn(ACCOUNT, record["revokedBy"])

    def test_the_time_of_a_revocation_moves_earlier_only(self):
        effective = int(time.time()) - 1000
        self.revoke_profile(effective)
        self.refused("ValidationException", self.revoke_profile, effective=effective + 1)
        self.revoke_profile(effective - 500)
        self.refused("ValidationException", self.revoke_profile, effective=effective)
        profile = self.put_answer["profileVersionArn"]
        self.assertEqual(self.status(signatureTimestamp=effective - 500), [profile])
        self.assertEqual(self.status(signatureTimestamp=effective - 501), [])

    def test_the_same_revocation_again_succeeds(self):
        effective = int(time.time()) - 1000
        self.revoke_profile(effective)
        self.revoke_profile(effective)

    def test_a_revocation_cannot_be_in_the_future(self):
        for effective in [time.time() + 3600, datetime.datetime(2100, 1, 1, tzinfo=UTC)]:
            self.refused("ValidationException", self.revoke_profile, effective=effective)
        self.assertEqual(self.client.get_signing_profile(profileName=self.profile)["status"], "Active")

    def test_revocation_is_by_version(self):
        self.refused("ResourceNotFoundException", self.revoke_profile, profileVersion="0000000000")
        self.invalid(self.revoke_profile, "profileVersion", client=self.unchecked, profileVersion="short")
        self.refused("ResourceNotFoundException", self.revoke_profile, profileName=self.name())
        self.invalid(self.revoke_profile, "profileName", client=self.unchecked, profileName="a-b")

    def test_a_canceled_profile_can_be_revoked(self):
        self.client.cancel_signing_profile(profileName=self.profile)
        self.revoke_profile(0)
        self.assertEqual(self.status(), [self.put_answer["profileVersionArn"]])

    def test_profile_and_signature_are_both_listed_as_they_were_asked_for(self):
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="leak")
        self.revoke_profile(0)
        self.assertEqual(sorted(self.status()), sorted([self.put_answer["profileVersionArn"], self.job]))

    def test_unknown_entities_are_not_revoked(self):
        self.assertEqual(self.status(jobArn=self.job.replace(self.signed["jobId"], UNKNOWN_JOB)), [])
        other = self.put_answer["profileVersionArn"].replace(self.profile, self.name())
        self.assertEqual(self.status(profileVersionArn=other), [])
        self.assertEqual(self.status(profileVersionArn=self.put_answer["arn"] + "/0000000000"), [])

    def test_entities_of_other_accounts_and_regions_can_be_asked_for(self):
        for there in [(ACCOUNT, OTHER_ACCOUNT), (REGION, "eu-west-1")]:
            profile = self.put_answer["profileVersionArn"].replace(*there)
            self.assertEqual(self.status(profileVersionArn=profile, jobArn=self.job.replace(*there)), [])

    def test_a_revocation_is_known_in_all_regions_of_the_partition(self):
        self.client.revoke_signature(jobId=self.signed["jobId"], reason="leak")
        elsewhere = self.signer.client(region="ap-south-2")
        self.assertEqual(self.status(elsewhere), [self.job])

    def test_parameters_of_the_status_are_checked(self):
        for parameter, values in {
            "platformId": ["", "nothing"],
            "profileVersionArn": ["nonsense", "x" * 30, self.put_answer["arn"], "x" * 2049],
            "jobArn": ["nonsense", "x" * 30, self.put_answer["profileVersionArn"], "x" * 2049],
            "certificateHashes": [["x"], ["ab" * 32], [""], ["ab" * 96, "xy" * 96]],
        }.items():
            for value in values:
                with self.subTest(parameter=parameter, value=value):
                    self.refused("ValidationException", self.status, client=self.unchecked, **{parameter: value})

    def test_device_platforms_have_no_revocation(self):
        self.refused("ValidationException", self.status, platformId=DEVICE)

    def test_required_parameters_of_the_status(self):
        for missing in ["signatureTimestamp", "platformId", "profileVersionArn", "jobArn", "certificateHashes"]:
            given = {
                "signatureTimestamp": 0,
                "platformId": NOTATION,
                "profileVersionArn": self.put_answer["profileVersionArn"],
                "jobArn": self.job,
                "certificateHashes": CERTIFICATES,
            }
            del given[missing]
            self.invalid(self.unchecked.get_revocation_status, missing, **given)

    def test_required_parameters_of_profile_revocation(self):
        for missing in ["profileVersion", "reason", "effectiveTime"]:
            given = {"profileVersion": self.put_answer["profileVersion"], "reason": "leak", "effectiveTime": 0}
            del given[missing]
            self.invalid(self.unchecked.revoke_signing_profile, missing, profileName=self.profile, **given)
