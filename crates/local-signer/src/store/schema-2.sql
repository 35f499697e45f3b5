-- The whole API: permissions, signing material, jobs of all platforms, and lists of a million jobs.
-- Do not change this script: existing databases have these tables. Add a migration script instead.

ALTER TABLE profiles ADD COLUMN signing_material TEXT;
ALTER TABLE profiles ADD COLUMN overrides TEXT;
ALTER TABLE profiles ADD COLUMN canceled_at INTEGER;
-- Changes with every change of the permissions; NULL before the first one.
ALTER TABLE profiles ADD COLUMN permissions_revision TEXT;

CREATE TABLE permissions (
    number INTEGER PRIMARY KEY,
    partition TEXT NOT NULL,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    profile_name TEXT NOT NULL,
    statement_id TEXT NOT NULL,
    action TEXT NOT NULL,
    principal TEXT NOT NULL,
    profile_version TEXT,
    UNIQUE (partition, region, account, profile_name, statement_id)
) STRICT;

-- A location or a principal has one row here, and a job only its number: a million jobs stay small.
CREATE TABLE scopes (
    number INTEGER PRIMARY KEY,
    partition TEXT NOT NULL,
    region TEXT NOT NULL,
    account TEXT NOT NULL,
    UNIQUE (partition, region, account)
) STRICT;

CREATE TABLE principals (
    number INTEGER PRIMARY KEY,
    arn TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE signing_jobs (
    -- The location of the profile; the account owns the job.
    owner INTEGER NOT NULL REFERENCES scopes (number),
    -- The order of creation, over all owners.
    number INTEGER NOT NULL,
    -- What lists filter by comes first: it is read without the rest.
    status TEXT NOT NULL CHECK (status IN ('InProgress', 'Failed', 'Succeeded')),
    platform_id TEXT NOT NULL,
    requested_by INTEGER NOT NULL REFERENCES principals (number),
    -- The location with the account that asked for the job.
    invoker INTEGER NOT NULL REFERENCES scopes (number),
    -- Times are Unix seconds of the signing clock.
    expires_at INTEGER,
    revoked_at INTEGER,
    id TEXT NOT NULL,
    profile_name TEXT NOT NULL,
    profile_version TEXT NOT NULL,
    status_reason TEXT,
    created_at INTEGER NOT NULL,
    completed_at INTEGER,
    -- JSON objects, as in the API.
    source TEXT,
    destination TEXT,
    signed_object TEXT,
    signing_material TEXT,
    overrides TEXT,
    signing_parameters TEXT,
    request_token TEXT,
    revoked_by TEXT,
    revocation_reason TEXT,
    PRIMARY KEY (owner, number)
) STRICT, WITHOUT ROWID;

INSERT INTO scopes (partition, region, account) SELECT DISTINCT partition, region, account FROM jobs;
INSERT INTO principals (arn) SELECT DISTINCT invoker FROM jobs;
INSERT INTO signing_jobs (owner, number, status, platform_id, requested_by, invoker, expires_at, revoked_at, id,
    profile_name, profile_version, status_reason, created_at, completed_at, revoked_by, revocation_reason)
    SELECT scopes.number, row_number() OVER (ORDER BY signed_at, jobs.rowid), 'Succeeded', platform_id,
        principals.number, scopes.number, expires_at, revoked_at, jobs.id, profile_name, profile_version,
        'Signing Succeeded', signed_at, signed_at, revoked_by, revocation_reason
    FROM jobs JOIN scopes USING (partition, region, account) JOIN principals ON principals.arn = jobs.invoker;
DROP TABLE jobs;

CREATE UNIQUE INDEX job_ids ON signing_jobs (id);
CREATE INDEX jobs_by_requester ON signing_jobs (owner, requested_by, number);
CREATE INDEX jobs_by_expiry ON signing_jobs (owner, expires_at, number);
-- The values that few jobs have; the others are found quickly by their order.
CREATE INDEX jobs_by_other_status ON signing_jobs (owner, status, number) WHERE status <> 'Succeeded';
CREATE INDEX jobs_in_progress ON signing_jobs (number) WHERE status = 'InProgress';
CREATE INDEX jobs_by_other_platform ON signing_jobs (owner, platform_id, number)
    WHERE platform_id <> 'Notation-OCI-SHA384-ECDSA';
CREATE INDEX jobs_by_other_invoker ON signing_jobs (owner, invoker, number) WHERE invoker <> owner;
CREATE INDEX revoked_jobs ON signing_jobs (owner, number) WHERE revoked_at IS NOT NULL;
CREATE UNIQUE INDEX job_request_tokens ON signing_jobs (invoker, request_token) WHERE request_token IS NOT NULL;

-- Values that are made once, such as the key of page tokens.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT;
