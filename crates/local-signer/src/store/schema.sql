-- Times are Unix seconds of the signing clock, except effective_from: Unix milliseconds, the precision of callers.
-- Do not change this script: existing databases have these tables. Add a migration script instead.

CREATE TABLE profiles (
    partition TEXT NOT NULL,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    name TEXT NOT NULL,
    version TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    validity_value INTEGER NOT NULL,
    validity_type TEXT NOT NULL,
    signing_parameters TEXT NOT NULL,
    tags TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('Active', 'Canceled', 'Revoked')),
    status_reason TEXT,
    effective_from INTEGER,
    revoked_at INTEGER,
    revoked_by TEXT,
    PRIMARY KEY (partition, region, account, name)
) STRICT;

CREATE TABLE jobs (
    partition TEXT NOT NULL,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    profile_name TEXT NOT NULL,
    profile_version TEXT NOT NULL,
    platform_id TEXT NOT NULL,
    invoker TEXT NOT NULL,
    signed_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    revoked_at INTEGER,
    revoked_by TEXT,
    revocation_reason TEXT,
    PRIMARY KEY (partition, region, account, id)
) STRICT;

-- The API has no operation that revokes a certificate: AWS does it, for all accounts of a partition.
CREATE TABLE revoked_certificates (
    partition TEXT NOT NULL,
    identifier TEXT NOT NULL,
    revoked_at INTEGER NOT NULL,
    PRIMARY KEY (partition, identifier)
) STRICT;
