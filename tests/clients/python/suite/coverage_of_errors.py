"""Which operations, and which of their documented errors, the suites have not seen."""

import botocore.session

from support import SEEN

# Errors that the suites do not cause, with the reason.
NOT_CAUSED = {
    # It has no resource that could be missing, but the certificate that is imported for a device platform.
    ("PutSigningProfile", "ResourceNotFoundException"),
}


def missing():
    model = botocore.session.get_session().get_service_model("signer")
    for name in model.operation_names:
        operation = model.operation_model(name)
        if (name, None) not in SEEN:
            yield name
        for error in operation.error_shapes:
            if (name, error.name) not in SEEN | NOT_CAUSED:
                yield f"{name} {error.name}"
