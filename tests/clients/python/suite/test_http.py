"""Unusual HTTP: methods, paths, queries, content types, encodings and bodies that no client sends."""

import json
import socket
import urllib.parse

import raw
from support import NOTATION, SignerTest


class Http(SignerTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.connection = raw.Connection(cls.signer)
        cls.addClassCleanup(cls.connection.close)

    def send(self, method, target, body=b"", **more):
        answer = self.connection.send(method, target, body, **more)
        self.assertLess(answer.status, 500, f"{method} {target}: {answer}")
        if answer.status >= 300:
            self.assertTrue(answer.code, f"{method} {target}: {answer}")
            if method != "HEAD":
                self.assertTrue(json.loads(answer.body)["message"])
        return answer

    def expect(self, code, method, target, body=b"", **more):
        answer = self.send(method, target, body, **more)
        self.assertEqual(answer.code, code, f"{method} {target} {body[:200]!r}: {answer}")
        return answer

    def put_body(self, body, **more):
        return self.send("PUT", f"/signing-profiles/{self.name()}", body, **more)

    def test_other_methods_are_unknown_operations(self):
        for method in ["POST", "PATCH", "OPTIONS", "TRACE", "PROPFIND", "X"]:
            self.expect("UnknownOperationException", method, "/signing-profiles/ab", b"{}")
        for method in ["PUT", "DELETE", "HEAD"]:
            self.assertEqual(self.send(method, "/signing-platforms").status, 404)

    def test_other_paths_are_unknown_operations(self):
        # "/" leads to the console, which is not an operation.
        for path in ["/signing-profile", "/signing-profiles/ab/other", "/signing-jobs/a/b/c", "/v1/tags", "/revocations/x"]:
            self.expect("UnknownOperationException", "GET", path)

    def test_trailing_slashes_and_case_are_other_paths(self):
        for path in ["/signing-platforms/", "/Signing-Platforms", "/signing-profiles/ab/", "/revocations/"]:
            answer = self.send("GET", path)
            self.assertGreaterEqual(answer.status, 400, path)

    def test_content_types_do_not_matter(self):
        body = json.dumps({"platformId": NOTATION}).encode()
        for kind in ["application/json", "application/x-amz-json-1.1", "text/plain", "application/xml", "nonsense", ""]:
            answer = self.put_body(body, headers={"content-type": kind})
            self.assertEqual(answer.status, 200, f"{kind}: {answer}")

    def test_of_several_query_values_the_first_counts(self):
        answer = self.send("GET", "/signing-platforms?maxResults=2&maxResults=3")
        self.assertEqual(len(json.loads(answer.body)["platforms"]), 2)
        self.expect("ValidationException", "GET", "/signing-platforms?maxResults=0&maxResults=3")

    def test_unknown_query_parameters_are_ignored(self):
        answer = self.send("GET", "/signing-platforms?unknown=1&=&a&partner=AmazonFreeRTOS&maxresults=1")
        self.assertEqual(len(json.loads(answer.body)["platforms"]), 2)

    def test_percent_encodings(self):
        name, put = self.put()
        encoded = "".join(f"%{ord(letter):02x}" for letter in name)
        self.assertEqual(self.send("GET", f"/signing-profiles/{encoded}").status, 200)
        arn = urllib.parse.quote(put["arn"], safe="")
        self.assertEqual(self.send("GET", f"/tags/{arn}").status, 200)
        # Java's and Go's clients may leave some of these characters as they are.
        self.assertEqual(self.send("GET", "/tags/" + urllib.parse.quote(put["arn"], safe=":")).status, 200)
        self.assertEqual(self.send("GET", "/tags/" + urllib.parse.quote(put["arn"], safe=":/")).status, 200)
        for bad in ["%", "%4", "%zz", "%ff", "%00", "%c3%28", "%2e%2e", "%252e"]:
            answer = self.send("GET", f"/signing-profiles/{bad}")
            self.assertIn(answer.status, (400, 403, 404), f"{bad}: {answer}")
        # botocore signs a query as it is, and AWS what it means: encodings that it does not need break the signature.
        for bad in ["%", "%zz", "%ff%fe", "%00", "Amazon%46ree%52TOS", "Amazon%2DX"]:
            answer = self.send("GET", f"/signing-platforms?partner={bad}")
            self.assertIn(answer.status, (200, 400, 403), f"{bad}: {answer}")

    def test_bodies_that_are_no_json_objects(self):
        for body in [
            *(b"", b" ", b"{", b"}", b"[]", b'"text"', b"1", b"true", b"null", b"{}{}", b"{} x", b"{'a':1}", b'{"a":}'),
            *(b'{"a":1,}', b"\xef\xbb\xbf{}", b"\xff\xfe{\x00}\x00", b"\x00", b'{"platformId":"\xff"}', b'{"a":NaN}'),
            *(b'{"a":Infinity}', b'{"a":01}', b"<xml/>", b"a=b", b'{"platformId":"\\ud800"}', b'{"platformId":"\\x"}'),
        ]:
            with self.subTest(body):
                answer = self.put_body(body)
                self.assertEqual(answer.status, 400, str(answer))
                self.assertIn(answer.code, ("SerializationException", "ValidationException"))

    def test_deep_and_wide_json(self):
        for body in [
            b'{"tags":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            b'{"tags":' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
            b"[" * 500_000,
            b'{"unknown":' + b"[" * 120 + b"]" * 120 + b"}",
            json.dumps({f"member{number}": number for number in range(30_000)}).encode(),
        ]:
            answer = self.put_body(body)
            self.assertEqual(answer.status, 400, f"{body[:40]!r}: {answer}")

    def test_numbers_beyond_all_types(self):
        for number in [b"1e400", b"-1e400", b"1" * 10_000, b"0." + b"0" * 5000 + b"1", b"1e-400", b"99999999999999999999"]:
            body = b'{"platformId":"%b","signatureValidityPeriod":{"type":"DAYS","value":%b}}' % (NOTATION.encode(), number)
            answer = self.put_body(body)
            self.assertEqual(answer.status, 400, f"{number[:40]!r}: {answer}")

    def test_of_duplicate_members_one_counts(self):
        body = b'{"platformId":"nothing","platformId":"%b"}' % NOTATION.encode()
        answer = self.put_body(body)
        self.assertIn(answer.status, (200, 400), str(answer))
        same = b'{"tags":{"a":"1","a":"2"},"platformId":"%b"}' % NOTATION.encode()
        self.assertIn(self.put_body(same).status, (200, 400))

    def test_nulls_are_absent(self):
        nothing = {"platformId": NOTATION, "tags": None, "overrides": None, "signingMaterial": None, "signingParameters": None}
        self.assertEqual(self.put_body(json.dumps(nothing).encode()).status, 200)
        answer = self.put_body(b'{"platformId":null}')
        self.assertEqual(answer.code, "ValidationException", str(answer))

    def test_unknown_members_are_ignored(self):
        body = {"platformId": NOTATION, "unknown": {"a": [None, {"b": 1}]}, "profileName": "other"}
        self.assertEqual(self.put_body(json.dumps(body).encode()).status, 200)

    def test_every_host_name_is_answered(self):
        """The prefix of GetRevocationStatus does no harm where the name resolves."""
        for host in ["data-local-signer:8274", "data-signer.us-west-2.amazonaws.com", "verification.signer.localhost"]:
            answer = self.send("GET", "/signing-platforms", headers={"host": host})
            self.assertEqual(answer.status, 200, f"{host}: {answer}")

    def test_a_body_where_none_is_expected_is_ignored(self):
        for body in [b"{}", b"nonsense", b"x" * 100_000]:
            self.assertEqual(self.send("GET", "/signing-platforms", body).status, 200)

    def test_an_unsigned_request_learns_nothing(self):
        for method, target in [("GET", "/signing-platforms"), ("GET", "/nothing"), ("PUT", "/signing-profiles/ab"), ("X", "/")]:
            answer = self.send(method, target, b"", signed=False)
            self.assertEqual((answer.status, answer.code), (403, "MissingAuthenticationTokenException"))

    def exchange(self, request):
        """The answer to these bytes, until the service closes the connection."""
        host, _, port = self.signer.endpoint.removeprefix("http://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=raw.TIMEOUT) as connection:
            connection.sendall(request)
            answer = b""
            try:
                while block := connection.recv(65536):
                    answer += block
            except ConnectionResetError:
                pass
            return answer

    def test_bytes_that_are_no_http(self):
        for request in [
            *(b"\r\n\r\n", b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"),
            *(b"GET / HTTP/1.1\r\nHost h\r\n\r\n", b"GET / HTTP/1.1\r\nContent-Length: x\r\nHost: h\r\n\r\n"),
            *(b"GET / HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
            b"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: h\r\n\r\n",
        ]:
            with self.subTest(request[:40]):
                answer = self.exchange(request)
                self.assertFalse(answer.startswith(b"HTTP/1.1 5"), answer)
        # It still serves.
        self.assertEqual(self.send("GET", "/signing-platforms").status, 200)

    def test_absolute_targets_and_odd_hosts(self):
        for request in [
            b"GET http://signer.us-west-2.amazonaws.com/signing-platforms HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
            b"GET /signing-platforms HTTP/1.0\r\n\r\n",
            b"GET /signing-platforms HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
            b"OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        ]:
            answer = self.exchange(request)
            self.assertRegex(answer.split(b"\r\n")[0].decode(), r"HTTP/1\.[01] 4\d\d")
