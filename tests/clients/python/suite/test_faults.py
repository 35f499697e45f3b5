"""Errors that only faults of the service and quotas cause, as the configuration makes them: each operation answers them
as the model documents."""

import pathlib
import tempfile

import botocore.session

import values
from support import Signer, SignerTest


class Faults(SignerTest):
    @classmethod
    def setUpClass(cls):
        cls.model = botocore.session.get_session().get_service_model("signer")

    def with_config(self, text):
        folder = tempfile.TemporaryDirectory(prefix="config-")
        self.addCleanup(folder.cleanup)
        config = pathlib.Path(folder.name) / "config.yaml"
        config.write_text(text, encoding="utf-8")
        signer = Signer("--config", str(config))
        self.addCleanup(signer.stop)
        return signer

    def test_each_documented_fault_of_each_operation(self):
        for error in ["InternalServiceErrorException", "TooManyRequestsException", "ThrottlingException"]:
            signer = self.with_config(f'version: 1\nfaults: [{{operation: "*", error: {error}, rate: 1.0}}]\n')
            client = signer.client(parameter_validation=False)
            for method, name in sorted(client.meta.method_to_api_mapping.items()):
                operation = self.model.operation_model(name)
                documented = {shape.name for shape in operation.error_shapes} | {"ThrottlingException"}
                if error in documented:
                    with self.subTest(operation=name, error=error):
                        shape = operation.input_shape
                        given = {member: values.valid(shape.members[member]) for member in shape.required_members}
                        given = {k: (v.encode() if shape.members[k].type_name == "blob" else v) for k, v in given.items()}
                        self.refused(error, getattr(client, method), **given)

    def test_quotas_throttle(self):
        signer = self.with_config("version: 1\nquotas: {enabled: true, default: 3}\n")
        client = signer.client()
        codes = []
        for _ in range(40):
            try:
                client.list_signing_platforms()
                codes.append(None)
            except client.exceptions.ClientError as error:
                codes.append(error.response["Error"]["Code"])
        self.assertIn(None, codes)
        self.assertTrue({"TooManyRequestsException", "ThrottlingException"} & set(codes), codes)
        # A client that retries gets through.
        patient = signer.client(retries={"mode": "adaptive", "total_max_attempts": 10})
        for _ in range(5):
            patient.list_signing_platforms()
