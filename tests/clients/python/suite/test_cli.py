"""The aws CLI (version 1): each command, JSON and text output, pages, the waiter, error messages and exit codes."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from support import ACCOUNT, FORMAT, LAMBDA, NOTATION, OTHER_ACCOUNT, PAYLOAD, REGION, SignerTest, unused_region

AWS = [sys.executable, "-m", "awscli"]
# Of the CLI: an error of the service, and a command line that cannot be parsed.
SERVICE_ERROR, USAGE_ERROR = (254, 255), (2, 252)


class Cli(SignerTest):
    def run_aws(self, *arguments, region=REGION, profile="default", service="signer"):
        command = [*AWS, service, *arguments]
        return subprocess.run(
            command,
            env=self.signer.environment(profile, region),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
            check=False,
        )

    def aws(self, *arguments, **where):
        """The JSON output of a command that succeeds; None if it prints nothing."""
        done = self.run_aws(*arguments, "--output", "json", **where)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def aws_text(self, *arguments, **where):
        done = self.run_aws(*arguments, "--output", "text", **where)
        self.assertEqual(done.returncode, 0, f"{arguments}: {done.stderr}")
        return done.stdout.strip()

    def aws_refused(self, code, operation, *arguments, **where):
        done = self.run_aws(*arguments, **where)
        self.assertIn(done.returncode, SERVICE_ERROR, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertIn(f"An error occurred ({code}) when calling the {operation} operation: ", done.stderr)
        self.assertNotIn("None", done.stderr)
        return done.stderr

    def put_by_cli(self, platform=NOTATION, region=REGION, *more):
        name = self.name()
        return name, self.aws(
            "put-signing-profile", "--profile-name", name, "--platform-id", platform, *more, region=region
        )

    def test_profiles(self):
        name, put = self.put_by_cli(
            NOTATION, REGION, "--signature-validity-period", "value=2,type=YEARS", "--tags", "team=images"
        )
        self.assertTrue(put["arn"].endswith(name))
        found = self.aws("get-signing-profile", "--profile-name", name)
        self.assertEqual(found["signatureValidityPeriod"], {"value": 2, "type": "YEARS"})
        self.assertEqual(found["tags"], {"team": "images"})
        status = self.aws_text("get-signing-profile", "--profile-name", name, "--query", "status")
        self.assertEqual(status, "Active")
        self.assertIsNone(self.aws("cancel-signing-profile", "--profile-name", name))
        status = self.aws_text("get-signing-profile", "--profile-name", name, "--query", "status")
        self.assertEqual(status, "Canceled")

    def test_platforms(self):
        listed = self.aws("list-signing-platforms")["platforms"]
        self.assertEqual(len(listed), 5)
        self.assertEqual(self.aws("get-signing-platform", "--platform-id", LAMBDA)["platformId"], LAMBDA)
        text = self.aws_text("list-signing-platforms", "--query", "platforms[].platformId")
        self.assertIn(NOTATION, text.split())

    def test_tags(self):
        _, put = self.put_by_cli()
        arn = put["arn"]
        self.assertIsNone(self.aws("tag-resource", "--resource-arn", arn, "--tags", "a=1,b=2"))
        self.assertEqual(self.aws("list-tags-for-resource", "--resource-arn", arn)["tags"], {"a": "1", "b": "2"})
        self.assertIsNone(self.aws("untag-resource", "--resource-arn", arn, "--tag-keys", "a", "b"))
        self.assertEqual(self.aws("list-tags-for-resource", "--resource-arn", arn)["tags"], {})

    def test_permissions(self):
        name, _ = self.put_by_cli()
        add = ["add-profile-permission", "--profile-name", name, "--principal", OTHER_ACCOUNT]
        first = self.aws(*add, "--action", "signer:SignPayload", "--statement-id", "one")["revisionId"]
        more = ["--action", "signer:GetSigningProfile", "--statement-id", "two"]
        self.aws_refused("ValidationException", "AddProfilePermission", *add, *more)
        second = self.aws(*add, *more, "--revision-id", first)["revisionId"]
        listed = self.aws("list-profile-permissions", "--profile-name", name)
        self.assertEqual([permission["statementId"] for permission in listed["permissions"]], ["one", "two"])
        remove = ["remove-profile-permission", "--profile-name", name, "--statement-id", "one"]
        self.assertIn("revisionId", self.aws(*remove, "--revision-id", second))
        self.aws_refused("ConflictException", "RemoveProfilePermission", *remove, "--revision-id", second)

    def sign_by_cli(self, name, region=REGION):
        with tempfile.TemporaryDirectory() as folder:
            payload = pathlib.Path(folder) / "payload.json"
            payload.write_bytes(PAYLOAD)
            return self.aws(
                *["sign-payload", "--profile-name", name, "--payload-format", FORMAT],
                *["--payload", f"fileb://{payload}"],
                region=region,
            )

    def test_signing_and_revocation(self):
        name, put = self.put_by_cli()
        signed = self.sign_by_cli(name)
        job = self.aws("describe-signing-job", "--job-id", signed["jobId"])
        self.assertEqual(job["status"], "Succeeded")
        arn = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/{signed['jobId']}"
        status = ["get-revocation-status", "--signature-timestamp", str(int(time.time())), "--platform-id", NOTATION]
        status += ["--profile-version-arn", put["profileVersionArn"], "--job-arn", arn]
        status += ["--certificate-hashes", "ab" * 96, "cd" * 96]
        # The client signer-data has no host prefix.
        self.assertEqual(self.aws(*status, service="signer-data"), {"revokedEntities": []})
        self.assertIsNone(self.aws("revoke-signature", "--job-id", signed["jobId"], "--reason", "leak"))
        self.assertEqual(self.aws(*status, service="signer-data"), {"revokedEntities": [arn]})
        revoke = ["revoke-signing-profile", "--profile-name", name, "--profile-version", put["profileVersion"]]
        self.assertIsNone(self.aws(*revoke, "--reason", "leak", "--effective-time", "2024-01-01T00:00:00Z"))
        self.assertEqual(len(self.aws(*status, service="signer-data")["revokedEntities"]), 2)

    def test_the_host_prefix_needs_a_name_that_resolves(self):
        """`aws signer get-revocation-status` asks the host data-127.0.0.1, which does not exist: the page of the
        documentation names `signer-data` instead."""
        done = self.run_aws(
            *["get-revocation-status", "--signature-timestamp", "0", "--platform-id", NOTATION],
            *["--profile-version-arn", f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/ab/ABCDEFGHIJ"],
            *["--job-arn", f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-jobs/12345678-1234-1234-1234-123456789012"],
            *["--certificate-hashes", "ab" * 96],
        )
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("data-127.0.0.1", done.stderr)

    def test_lists_have_pages(self):
        region = unused_region()
        client = self.signer.client(region=region)
        names = sorted(self.put(client)[0] for _ in range(30))
        listed = self.aws("list-signing-profiles", region=region)
        self.assertEqual(sorted(profile["profileName"] for profile in listed["profiles"]), names)
        self.assertNotIn("NextToken", listed)
        page = self.aws("list-signing-profiles", "--max-items", "10", "--page-size", "4", region=region)
        self.assertEqual(len(page["profiles"]), 10)
        rest = self.aws("list-signing-profiles", "--starting-token", page["NextToken"], region=region)
        self.assertEqual(len(rest["profiles"]), 20)
        first = self.aws("list-signing-profiles", "--no-paginate", region=region)
        self.assertEqual((len(first["profiles"]), "nextToken" in first), (25, True))
        jobs = [self.sign(names[0], client)["jobId"] for _ in range(27)]
        listed = self.aws("list-signing-jobs", "--status", "Succeeded", region=region)["jobs"]
        self.assertEqual(sorted(job["jobId"] for job in listed), sorted(jobs))
        count = self.aws_text("list-signing-jobs", "--query", "length(jobs)", region=region)
        self.assertEqual(sum(int(part) for part in count.split()), 27)

    def test_the_waiter(self):
        name, _ = self.put_by_cli()
        job = self.sign_by_cli(name)["jobId"]
        self.assertIsNone(self.aws("wait", "successful-signing-job", "--job-id", job))
        done = self.run_aws("wait", "successful-signing-job", "--job-id", "12345678-1234-1234-1234-123456789012")
        self.assertEqual(done.returncode, 255, done.stderr)
        self.assertIn("Waiter SuccessfulSigningJob failed", done.stderr)

    def test_errors_of_the_service(self):
        absent = self.name()
        for code, operation, *arguments in [
            ("ResourceNotFoundException", "GetSigningProfile", "get-signing-profile", "--profile-name", absent),
            ("ResourceNotFoundException", "CancelSigningProfile", "cancel-signing-profile", "--profile-name", absent),
            ("ResourceNotFoundException", "DescribeSigningJob", "describe-signing-job", "--job-id", absent),
            ("ResourceNotFoundException", "GetSigningPlatform", "get-signing-platform", "--platform-id", absent),
            ("BadRequestException", "ListTagsForResource", "list-tags-for-resource", "--resource-arn", "nonsense"),
            (
                *("NotFoundException", "ListTagsForResource", "list-tags-for-resource", "--resource-arn"),
                f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/{absent}",
            ),
            (
                *("ValidationException", "PutSigningProfile", "put-signing-profile", "--profile-name", "a-b"),
                *("--platform-id", NOTATION),
            ),
            (
                *("ValidationException", "PutSigningProfile", "put-signing-profile", "--profile-name", absent),
                *("--platform-id", NOTATION, "--signature-validity-period", "value=1,type=WEEKS"),
            ),
            ("ValidationException", "ListSigningJobs", "list-signing-jobs", "--starting-token", "nonsense"),
        ]:
            with self.subTest(arguments):
                self.aws_refused(code, operation, *arguments)

    def test_usage_errors_come_from_the_cli(self):
        for arguments in [["get-signing-profile"], ["no-such-command"], ["put-signing-profile", "--profile-name", "ab"]]:
            self.assertIn(self.run_aws(*arguments).returncode, USAGE_ERROR)

    def test_wrong_keys_are_refused(self):
        environment = self.signer.environment()
        for name in ["AWS_SHARED_CREDENTIALS_FILE", "AWS_PROFILE"]:
            del environment[name]
        environment.update(AWS_ACCESS_KEY_ID="AKIALOCALAAAAAAAAAAA", AWS_SECRET_ACCESS_KEY="secret" * 6, HOME=os.devnull)
        done = subprocess.run(
            [*AWS, "signer", "list-signing-platforms"], env=environment, capture_output=True, text=True, check=False
        )
        self.assertIn(done.returncode, SERVICE_ERROR)
        self.assertIn("(UnrecognizedClientException)", done.stderr)
