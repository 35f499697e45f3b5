"""ListSigningProfiles and ListSigningJobs with their filters, and the three paginators. Each test has a region of its
own, which lists only its own profiles and jobs."""

import datetime

from support import ACCOUNT, LAMBDA, NOTATION, OTHER_ACCOUNT, SignerTest, unused_region

UTC = datetime.timezone.utc


class Lists(SignerTest):
    def setUp(self):
        self.region = unused_region()
        self.here = self.signer.client(region=self.region)
        self.unchecked_here = self.signer.client(region=self.region, parameter_validation=False)

    def profiles(self, count, **parameters):
        return [self.put(self.here, **parameters)[0] for _ in range(count)]

    def listed(self, **filters):
        pages = self.here.get_paginator("list_signing_profiles").paginate(**filters)
        return [profile["profileName"] for page in pages for profile in page["profiles"]]

    def jobs(self, **filters):
        pages = self.here.get_paginator("list_signing_jobs").paginate(**filters)
        return [job["jobId"] for page in pages for job in page["jobs"]]


class Profiles(Lists):
    def test_a_listed_profile_is_as_it_is_described(self):
        self.put(self.here, tags={"a": "b"}, signingParameters={"c": "d"})
        (listed,) = self.here.list_signing_profiles()["profiles"]
        found = self.here.get_signing_profile(profileName=listed["profileName"])
        for member, value in listed.items():
            self.assertEqual(found[member], value, member)

    def test_the_paginator_lists_each_profile_once(self):
        expected = self.profiles(57)
        self.assertEqual(sorted(self.listed()), sorted(expected))
        for size in [1, 7, 25]:
            self.assertEqual(sorted(self.listed(maxResults=size)), sorted(expected))
        pages = self.here.get_paginator("list_signing_profiles").paginate(PaginationConfig={"PageSize": 10})
        self.assertEqual(sum(len(page["profiles"]) for page in pages), 57)
        pages = self.here.get_paginator("list_signing_profiles").paginate(PaginationConfig={"MaxItems": 13, "PageSize": 5})
        answer = pages.build_full_result()
        self.assertEqual(len(answer["profiles"]), 13)
        rest = self.here.get_paginator("list_signing_profiles").paginate(
            PaginationConfig={"StartingToken": answer["NextToken"]}
        )
        names = [profile["profileName"] for profile in answer["profiles"] + rest.build_full_result()["profiles"]]
        self.assertEqual(sorted(names), sorted(expected))

    def test_pages_have_at_most_25_profiles(self):
        self.profiles(26)
        page = self.here.list_signing_profiles()
        self.assertEqual(len(page["profiles"]), 25)
        rest = self.here.list_signing_profiles(nextToken=page["nextToken"])
        self.assertEqual(len(rest["profiles"]), 1)
        self.assertNotIn("nextToken", rest)
        for number in [0, 26, -5]:
            self.invalid(self.unchecked_here.list_signing_profiles, "maxResults", maxResults=number)

    def test_filters_of_profiles(self):
        active, lambdas = self.profiles(2), self.profiles(1, platform=LAMBDA)
        canceled, revoked = self.profiles(2), self.profiles(1)
        for name in canceled:
            self.here.cancel_signing_profile(profileName=name)
        version = self.here.get_signing_profile(profileName=revoked[0])["profileVersion"]
        self.here.revoke_signing_profile(profileName=revoked[0], profileVersion=version, reason="leak", effectiveTime=0)
        for filters, expected in [
            ({}, active + lambdas),
            ({"includeCanceled": False}, active + lambdas),
            ({"includeCanceled": True}, active + lambdas + canceled + revoked),
            ({"statuses": ["Active"]}, active + lambdas),
            ({"statuses": ["Canceled"]}, canceled),
            ({"statuses": ["Revoked"]}, revoked),
            ({"statuses": ["Canceled", "Revoked"]}, canceled + revoked),
            ({"statuses": ["Active"], "includeCanceled": True}, active + lambdas),
            ({"platformId": LAMBDA}, lambdas),
            ({"platformId": LAMBDA, "statuses": ["Canceled"]}, []),
            ({"platformId": "NoSuchPlatform"}, []),
        ]:
            with self.subTest(filters):
                self.assertEqual(sorted(self.listed(**filters)), sorted(expected))
        for filters in [{"statuses": ["Other"]}, {"statuses": ["active"]}, {"statuses": ["Active", ""]}]:
            self.invalid(self.unchecked_here.list_signing_profiles, "statuses", **filters)

    def test_tokens_belong_to_their_list(self):
        self.profiles(3)
        token = self.here.list_signing_profiles(maxResults=1)["nextToken"]
        self.here.list_signing_profiles(maxResults=2, nextToken=token)
        for changed in [
            {"platformId": NOTATION},
            {"statuses": ["Active"]},
            {"includeCanceled": True},
        ]:
            self.refused("ValidationException", self.here.list_signing_profiles, nextToken=token, **changed)
        for tampered in [token[:-2], token + "AA", token.swapcase(), token[1:], "x" * 10_000]:
            self.refused("ValidationException", self.here.list_signing_profiles, nextToken=tampered)
        self.refused("ValidationException", self.here.list_signing_jobs, nextToken=token)
        self.refused("ValidationException", self.here.list_signing_platforms, nextToken=token)
        self.refused("ValidationException", self.client.list_signing_profiles, nextToken=token)


class Jobs(Lists):
    def test_a_listed_job_is_as_it_is_described(self):
        (name,) = self.profiles(1)
        job = self.sign(name, self.here)["jobId"]
        (listed,) = self.here.list_signing_jobs()["jobs"]
        self.assertEqual(listed["jobId"], job)
        self.assertFalse(listed["isRevoked"])
        found = self.here.describe_signing_job(jobId=job)
        for member, value in listed.items():
            if member != "isRevoked":
                self.assertEqual(found[member], value, member)

    def test_the_paginator_lists_each_job_once(self):
        (name,) = self.profiles(1)
        expected = [self.sign(name, self.here)["jobId"] for _ in range(53)]
        self.assertEqual(sorted(self.jobs()), sorted(expected))
        for size in [3, 25]:
            self.assertEqual(sorted(self.jobs(maxResults=size)), sorted(expected))
        self.assertEqual(len(self.here.list_signing_jobs()["jobs"]), 25)
        for number in [0, 26]:
            self.invalid(self.unchecked_here.list_signing_jobs, "maxResults", maxResults=number)

    def test_filters_of_jobs(self):
        (short,) = self.profiles(1, signatureValidityPeriod={"value": 1, "type": "DAYS"})
        (long,) = self.profiles(1, signatureValidityPeriod={"value": 10, "type": "YEARS"})
        early = [self.sign(short, self.here)["jobId"] for _ in range(2)]
        late = [self.sign(long, self.here)["jobId"] for _ in range(2)]
        self.here.revoke_signature(jobId=late[0], reason="leak")
        described = self.here.describe_signing_job(jobId=early[0])
        soon = datetime.datetime.now(UTC) + datetime.timedelta(days=30)
        both = early + late
        for filters, expected in [
            ({}, both),
            ({"status": "Succeeded"}, both),
            ({"status": "Failed"}, []),
            ({"status": "InProgress"}, []),
            ({"platformId": NOTATION}, both),
            ({"platformId": LAMBDA}, []),
            ({"requestedBy": described["requestedBy"]}, both),
            ({"requestedBy": "nobody"}, []),
            ({"isRevoked": True}, late[:1]),
            ({"isRevoked": False}, early + late[1:]),
            ({"signatureExpiresBefore": soon}, early),
            ({"signatureExpiresAfter": soon}, late),
            ({"signatureExpiresAfter": soon, "isRevoked": True}, late[:1]),
            ({"signatureExpiresBefore": soon, "signatureExpiresAfter": soon}, []),
            ({"jobInvoker": ACCOUNT}, both),
            ({"jobInvoker": OTHER_ACCOUNT}, []),
        ]:
            with self.subTest(filters):
                self.assertEqual(sorted(self.jobs(**filters)), sorted(expected))
        for filters in [{"status": "succeeded"}, {"status": ""}, {"jobInvoker": "x"}]:
            self.invalid(self.unchecked_here.list_signing_jobs, next(iter(filters)), **filters)

    def test_tokens_belong_to_their_list(self):
        (name,) = self.profiles(1)
        for _ in range(3):
            self.sign(name, self.here)
        token = self.here.list_signing_jobs(maxResults=1)["nextToken"]
        self.here.list_signing_jobs(maxResults=2, nextToken=token)
        for changed in [{"platformId": NOTATION}, {"status": "Succeeded"}, {"isRevoked": False}, {"jobInvoker": ACCOUNT}]:
            self.refused("ValidationException", self.here.list_signing_jobs, nextToken=token, **changed)
        self.refused("ValidationException", self.here.list_signing_profiles, nextToken=token)
        self.refused("ValidationException", self.client.list_signing_jobs, nextToken=token)

    def test_an_empty_account_has_empty_lists(self):
        self.assertEqual((self.jobs(), self.listed()), ([], []))


class Platforms(SignerTest):
    def test_the_paginator_lists_each_platform_once(self):
        for size in [1, 2, 5, 25]:
            pages = self.client.get_paginator("list_signing_platforms").paginate(maxResults=size)
            ids = [platform["platformId"] for page in pages for platform in page["platforms"]]
            self.assertEqual(len(ids), 5)
            self.assertEqual(len(set(ids)), 5)

    def test_tokens_belong_to_their_filters(self):
        token = self.client.list_signing_platforms(maxResults=1)["nextToken"]
        self.refused(
            "ValidationException", self.client.list_signing_platforms, nextToken=token, partner="AmazonFreeRTOS"
        )
