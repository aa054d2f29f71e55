/* settings_rows.c - the one table of settings; see settings_rows.h.
 *
 * A bound is there to catch a slip of the unit (5m for 5ms), not to teach taste. VX_SET_UNBUILT
 * marks what a part reads that is not in this build: such a setting is checked, and ignored with a
 * warning. Rows of one section stand together. */
#include "daemon/settings_rows.h"

/* Durations are in ms, percentages and factors in hundredths. */
#define SECOND ((int64_t)1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define PERCENT 100
#define FACTOR 100

/* One setting a paragraph, its fields in the order of the struct. */
/* clang-format off */
const struct vx_setting_row vx_daemon_rows[] = {
	/* node */
	{.key = "node.name", .type = VX_SET_STRING,
	 .flags = VX_SET_UNBUILT,
	 .help = "What this node is called in rollouts, events and metrics. Empty: the host's "
	         "name."},
	/* mount */
	{.key = "mount.path", .type = VX_SET_STRING, .def = "/vortex",
	 .help = "Where the tree is mounted. Without root it is a directory of the user's own."},
	{.key = "mount.entry_ttl", .type = VX_SET_DURATION, .def = "300s", .min = SECOND,
	 .max = DAY,
	 .help = "How long the kernel keeps a name before it asks again; it is told of every "
	         "change, so this bounds staleness only should a notice get lost."},
	{.key = "mount.negative_ttl", .type = VX_SET_DURATION, .def = "5s", .min = 0, .max = HOUR,
	 .help = "How long the kernel keeps the knowledge that a name does not exist."},
	{.key = "mount.opens", .type = VX_SET_CHOICE, .def = "auto",
	 .choices = "auto | fanotify | upcall | off",
	 .flags = VX_SET_UNBUILT,
	 .help = "How opens are seen, for knowing who reads what: by a fanotify mark, by answering "
	         "each open, or not at all."},
	{.key = "mount.abort_after", .type = VX_SET_DURATION, .def = "120s", .min = SECOND,
	 .max = DAY,
	 .flags = VX_SET_UNBUILT,
	 .help = "After how long without an answer readers get an error instead of waiting on."},
	{.key = "mount.context", .type = VX_SET_STRING,
	 .help = "The SELinux context of all files. Empty: the policy's choice."},
	/* holder */
	{.key = "holder.socket", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "The socket of a holder that runs on its own. Empty: vortexd starts one itself."},
	/* tree */
	{.key = "tree.default_label", .type = VX_SET_STRING, .def = "main",
	 .help = "The label that is meant where none is given."},
	{.key = "tree.unknown_application", .type = VX_SET_CHOICE, .def = "absent",
	 .choices = "absent | shared",
	 .help = "An application that no document names does not exist, or is served the shared "
	         "documents."},
	{.key = "tree.unknown_profile", .type = VX_SET_CHOICE, .def = "absent",
	 .choices = "absent | base",
	 .help = "A profile that no document names does not exist, or is served the base "
	         "documents."},
	{.key = "tree.retain", .type = VX_SET_DURATION, .def = "24h", .min = 0, .max = 365 * DAY,
	 .help = "How long a deleted branch or application is still served, marked orphaned."},
	{.key = "tree.resolve_plain", .type = VX_SET_BOOL, .def = "true",
	 .help = "Whether ${key} is resolved in plain text files too."},
	{.key = "tree.overrides", .type = VX_SET_MAP,
	 .help = "Keys and values that win over every backend."},
	{.key = "tree.warm", .type = VX_SET_STRINGS,
	 .flags = VX_SET_UNBUILT,
	 .help = "Configurations that are composed at start and kept: application/profile or "
	         "application/profile/label."},
	{.key = "tree.warm_top", .type = VX_SET_INT, .def = "1000", .min = 0, .max = 1000000,
	 .flags = VX_SET_UNBUILT,
	 .help = "How many of the configurations most read before a restart are composed at start."},
	/* access */
	{.key = "access[].match", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED | VX_SET_HOT,
	 .help = "application/profile/label; * stands for any characters but /, and a missing tail "
	         "for *."},
	{.key = "access[].owner", .type = VX_SET_STRING, .def = "root", .flags = VX_SET_HOT,
	 .help = "The user that owns the files, by name or number."},
	{.key = "access[].group", .type = VX_SET_STRING, .def = "root", .flags = VX_SET_HOT,
	 .help = "The group of the files, by name or number."},
	{.key = "access[].mode", .type = VX_SET_STRING, .def = "0444", .flags = VX_SET_HOT,
	 .help = "The permissions of the files in octal; a directory has x where they have r."},
	/* backends */
	{.key = "backends[].name", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED,
	 .help = "The backend's name in paths, metrics and messages."},
	{.key = "backends[].type", .type = VX_SET_STRING, .flags = VX_SET_REQUIRED,
	 .help = "Where its documents live: directory, git, s3, sqlite, postgres, mysql or peer, "
	         "where the build has it; vortexd --version lists them."},
	{.key = "backends[].priority", .type = VX_SET_INT, .min = 0, .max = 1000000,
	 .help = "The backend with the higher priority wins. To be given with two or more "
	         "backends, different for each."},
	{.key = "backends[].enabled", .type = VX_SET_BOOL, .def = "true",
	 .help = "Whether it takes part."},
	{.key = "backends[].optional", .type = VX_SET_BOOL, .def = "false",
	 .help = "Whether a configuration is served without it while it never answered."},
	{.key = "backends[].default_label", .type = VX_SET_STRING,
	 .help = "What its documents without a label are called. Empty: tree.default_label."},
	{.key = "backends[].missing_label", .type = VX_SET_CHOICE, .def = "default",
	 .choices = "default | skip | refuse",
	 .help = "What it gives for a label that only others have: the documents of its default "
	         "label, nothing, or a refusal."},
	{.key = "backends[].timeout", .type = VX_SET_DURATION, .def = "5s", .min = 10,
	 .max = HOUR,
	 .help = "How long one request may take before it counts as failed."},
	{.key = "backends[].refresh", .type = VX_SET_DURATION, .def = "30s", .min = SECOND,
	 .max = DAY,
	 .help = "How often a source that does not tell of changes is asked for them."},
	{.key = "backends[].pool.min", .type = VX_SET_INT, .def = "1", .min = 0, .max = 1000,
	 .flags = VX_SET_UNBUILT,
	 .help = "Connections or threads that are kept ready."},
	{.key = "backends[].pool.max", .type = VX_SET_INT, .def = "8", .min = 1, .max = 1000,
	 .help = "Connections or threads at most."},
	{.key = "backends[].pool.wait", .type = VX_SET_DURATION, .def = "2s", .min = 0,
	 .max = MINUTE,
	 .flags = VX_SET_UNBUILT,
	 .help = "How long a request waits for a free one."},
	{.key = "backends[].share", .type = VX_SET_BOOL, .def = "false", .flags = VX_SET_UNBUILT,
	 .help = "Whether federated clusters are given its documents."},
	{.key = "backends[].shadow", .type = VX_SET_BOOL, .def = "false", .flags = VX_SET_UNBUILT,
	 .help = "Whether it is read and compared with what is served, without being served."},
	{.key = "backends[].path", .type = VX_SET_STRING, .only = "directory,sqlite",
	 .flags = VX_SET_REQUIRED,
	 .help = "The folder or database file."},
	{.key = "backends[].labels", .type = VX_SET_CHOICE, .def = "none",
	 .choices = "none | subdirectories", .only = "directory",
	 .help = "Whether top-level folders are labels."},
	{.key = "backends[].search_paths", .type = VX_SET_STRINGS, .only = "directory,git",
	 .help = "Folders with documents, lowest precedence first; {application}, {profile} and "
	         "{label} are replaced."},
	{.key = "backends[].uri", .type = VX_SET_STRING, .only = "git", .flags = VX_SET_REQUIRED,
	 .help = "The repository: a local path or file://, read in place and watched, or a remote one "
	         "(https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH, http://HOST/PATH), which "
	         "is mirrored in state.path and asked every `refresh`."},
	{.key = "backends[].fetch_timeout", .type = VX_SET_DURATION, .def = "15m", .only = "git",
	 .min = SECOND, .max = 7 * DAY,
	 .help = "How long one fetch from a remote repository may take, the first clone too."},
	{.key = "backends[].stall_timeout", .type = VX_SET_DURATION, .def = "30s", .only = "git",
	 .min = SECOND, .max = HOUR,
	 .help = "A fetch in which no byte came or went for so long has failed."},
	{.key = "backends[].username", .type = VX_SET_STRING, .only = "git",
	 .help = "The user to log in as. Empty: the one in the URI, for ssh else git."},
	{.key = "backends[].password", .type = VX_SET_SECRET, .only = "git",
	 .help = "The password or access token."},
	{.key = "backends[].ssh_key", .type = VX_SET_STRING, .only = "git",
	 .help = "The private key file for ssh. Empty: the ssh agent."},
	{.key = "backends[].ssh_key_passphrase", .type = VX_SET_SECRET, .only = "git",
	 .help = "The passphrase of that key."},
	{.key = "backends[].ssh_known_hosts", .type = VX_SET_STRING, .only = "git",
	 .help = "The file of known host keys. Empty: the user's own, and the system's."},
	{.key = "backends[].tls", .type = VX_SET_CHOICE, .def = "verify",
	 .choices = "verify | off", .only = "git,s3,postgres,mysql",
	 .help = "Whether the server's certificate is verified. With off anybody on the way can "
	         "read and change the configuration."},
	{.key = "backends[].ca_file", .type = VX_SET_STRING, .only = "git,s3,postgres,mysql",
	 .help = "Certificates of the authorities that are trusted. Empty: the system's."},
	{.key = "backends[].endpoint", .type = VX_SET_STRING, .only = "s3",
	 .help = "The service's URL. Empty: AWS in the region."},
	{.key = "backends[].bucket", .type = VX_SET_STRING, .only = "s3",
	 .flags = VX_SET_REQUIRED,
	 .help = "The bucket."},
	{.key = "backends[].region", .type = VX_SET_STRING, .def = "us-east-1", .only = "s3",
	 .help = "The region that requests are signed for."},
	{.key = "backends[].prefix", .type = VX_SET_STRING, .only = "s3",
	 .help = "What the names of the objects begin with."},
	{.key = "backends[].path_style", .type = VX_SET_BOOL, .def = "false", .only = "s3",
	 .help = "Whether the bucket stands in the path rather than in the host name."},
	{.key = "backends[].access_key", .type = VX_SET_SECRET, .only = "s3",
	 .help = "The access key. Empty: the credential chain."},
	{.key = "backends[].secret_key", .type = VX_SET_SECRET, .only = "s3",
	 .help = "The secret key. Empty: the credential chain."},
	{.key = "backends[].dsn", .type = VX_SET_SECRET, .only = "postgres,mysql",
	 .flags = VX_SET_REQUIRED,
	 .help = "How to connect to the primary."},
	{.key = "backends[].replicas", .type = VX_SET_SECRETS, .only = "postgres,mysql",
	 .help = "How to connect to the read replicas."},
	{.key = "backends[].schema", .type = VX_SET_CHOICE, .def = "vortex",
	 .choices = "vortex | properties", .only = "sqlite,postgres,mysql",
	 .help = "Vortex's own tables, or a table of properties of another configuration server."},
	{.key = "backends[].cluster", .type = VX_SET_STRING, .only = "peer",
	 .flags = VX_SET_REQUIRED,
	 .help = "The federated cluster whose shared documents it serves."},
	/* cache */
	{.key = "cache.enabled", .type = VX_SET_BOOL, .def = "true",
	 .flags = VX_SET_UNBUILT,
	 .help = "Whether composed configurations that nobody holds are kept."},
	{.key = "cache.max_bytes", .type = VX_SET_SIZE, .def = "64MiB", .min = 0,
	 .max = (int64_t)1 << 40,
	 .flags = VX_SET_UNBUILT,
	 .help = "Memory for them at most."},
	{.key = "cache.max_entries", .type = VX_SET_INT, .def = "10000", .min = 0,
	 .max = 10000000,
	 .flags = VX_SET_UNBUILT,
	 .help = "How many of them at most."},
	{.key = "cache.ttl", .type = VX_SET_DURATION, .def = "300s", .min = 0, .max = 365 * DAY,
	 .help = "How long one that nobody reads is kept."},
	{.key = "cache.version_ttl", .type = VX_SET_DURATION, .def = "1h", .min = 0,
	 .max = 365 * DAY,
	 .flags = VX_SET_UNBUILT,
	 .help = "How long a version that was read by its number or digits is kept."},
	{.key = "cache.redis", .type = VX_SET_SECRET, .flags = VX_SET_UNBUILT,
	 .help = "A Redis server that several nodes share as a cache. Empty: none."},
	/* offload */
	{.key = "offload.backend", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "The s3 backend that holds large payloads of SQL backends. Empty: none."},
	{.key = "offload.above", .type = VX_SET_SIZE, .def = "256KiB", .min = 1,
	 .max = (int64_t)1 << 40, .flags = VX_SET_UNBUILT,
	 .help = "Payloads above this size go there."},
	/* state */
	{.key = "state.path", .type = VX_SET_STRING, .def = "/var/lib/vortex",
	 .help = "The directory for what must outlive a restart. Without root it is one of the "
	         "user's own."},
	{.key = "state.shared", .type = VX_SET_SECRET, .flags = VX_SET_UNBUILT,
	 .help = "A PostgreSQL database that the nodes of a cluster share. Empty: this node is "
	         "alone."},
	{.key = "state.keep", .type = VX_SET_DURATION, .def = "30d", .min = HOUR,
	 .max = 3650 * DAY,
	 .flags = VX_SET_UNBUILT,
	 .help = "How long versions, rollouts and audit records are kept."},
	/* http */
	{.key = "http.socket", .type = VX_SET_STRING, .def = "/run/vortex/api.sock",
	 .help = "The UNIX socket at which vortexctl asks (docs/api.md): mode 0660, group "
	         "control.group. Without root it is in the user's own runtime directory. Empty: "
	         "off."},
	{.key = "http.listen", .type = VX_SET_STRING, .def = "127.0.0.1:8888",
	 .flags = VX_SET_UNBUILT,
	 .help = "Address and port of the HTTP interface. Empty: off."},
	{.key = "http.config_prefix", .type = VX_SET_STRING, .def = "/", .flags = VX_SET_UNBUILT,
	 .help = "The path under which configuration is served."},
	{.key = "http.anonymous_reads", .type = VX_SET_BOOL, .def = "false",
	 .flags = VX_SET_UNBUILT,
	 .help = "Whether reading needs no key beyond the loopback interface."},
	{.key = "http.api_keys_file", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "The file of keys and what each may read."},
	{.key = "http.tls_cert", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "The certificate file. Empty: no TLS."},
	{.key = "http.tls_key", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "The private key file."},
	{.key = "http.client_ca", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "Authorities whose client certificates are accepted. Empty: none."},
	/* control */
	{.key = "control.group", .type = VX_SET_STRING,
	 .help = "The group, by name or number, whose members may ask at http.socket and command "
	         "there, besides root and vortexd's own user. Empty: none."},
	/* policies */
	{.key = "policies[].match", .type = VX_SET_STRING,
	 .flags = VX_SET_REQUIRED | VX_SET_UNBUILT,
	 .help = "application/profile/label, as in access; the first match counts."},
	{.key = "policies[].policy", .type = VX_SET_CHOICE, .def = "follow",
	 .choices = "follow | gated", .flags = VX_SET_UNBUILT,
	 .help = "Whether a new version is served at once, or becomes a candidate first."},
	{.key = "policies[].start", .type = VX_SET_CHOICE, .def = "manual",
	 .choices = "auto | manual", .flags = VX_SET_UNBUILT,
	 .help = "Whether the rollout of a candidate starts by itself."},
	{.key = "policies[].stages", .type = VX_SET_STRINGS, .def = "[1%, 5%, 25%, 50%, 100%]",
	 .flags = VX_SET_UNBUILT,
	 .help = "Shares or counts of instances, one a stage."},
	{.key = "policies[].bake", .type = VX_SET_DURATION, .def = "5m", .min = 0,
	 .max = 30 * DAY, .flags = VX_SET_UNBUILT,
	 .help = "How long a stage must go well."},
	{.key = "policies[].max_running", .type = VX_SET_INT, .def = "50", .min = 1,
	 .max = 100000, .flags = VX_SET_UNBUILT,
	 .help = "Rollouts that run at once; the rest wait."},
	{.key = "policies[].analysis", .type = VX_SET_MAP, .flags = VX_SET_UNBUILT,
	 .help = "When a stage is a success, and when a failure."},
	{.key = "policies[].guards.removed", .type = VX_SET_PERCENT, .min = 0,
	 .max = 100 * PERCENT, .flags = VX_SET_UNBUILT,
	 .help = "A version that removes more of the keys is held. Not given: any is served."},
	{.key = "policies[].guards.growth", .type = VX_SET_FACTOR, .min = PERCENT,
	 .max = 1000000 * FACTOR, .flags = VX_SET_UNBUILT,
	 .help = "A version that grows by more is held. Not given: any is served."},
	{.key = "policies[].validators", .type = VX_SET_STRINGS, .flags = VX_SET_UNBUILT,
	 .help = "Programs that get each candidate on standard input and may refuse it."},
	{.key = "policies[].reload", .type = VX_SET_MAP, .flags = VX_SET_UNBUILT,
	 .help = "How instances are made to read again: signal, http or exec."},
	/* fleet */
	{.key = "fleet.batch", .type = VX_SET_DURATION, .def = "5s", .min = SECOND, .max = HOUR,
	 .flags = VX_SET_UNBUILT,
	 .help = "How long reads are gathered before they are handled."},
	{.key = "fleet.gone_after", .type = VX_SET_DURATION, .def = "5m", .min = SECOND,
	 .max = 30 * DAY, .flags = VX_SET_UNBUILT,
	 .help = "After how long unseen an instance counts as gone."},
	{.key = "fleet.grace", .type = VX_SET_DURATION, .def = "60s", .min = 0, .max = 30 * DAY,
	 .flags = VX_SET_UNBUILT,
	 .help = "How long an instance may take to read a new version before it drifts."},
	{.key = "fleet.tolerance", .type = VX_SET_INT, .def = "0", .min = 0, .max = 1000,
	 .flags = VX_SET_UNBUILT,
	 .help = "How many versions an instance may be behind."},
	{.key = "fleet.drift_alert", .type = VX_SET_PERCENT, .def = "10%", .min = 0,
	 .max = 100 * PERCENT, .flags = VX_SET_UNBUILT,
	 .help = "Which share of drifting instances raises the alarm."},
	/* federation */
	{.key = "federation.cluster", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "This cluster's name among its peers. Empty: no federation."},
	{.key = "federation.listen", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "Address and port for peers. Empty: off."},
	{.key = "federation.tls_cert", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "This cluster's certificate file."},
	{.key = "federation.tls_key", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "Its private key file."},
	{.key = "federation.tls_ca", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "The authority that peers' certificates come from."},
	{.key = "federation.peers[].name", .type = VX_SET_STRING,
	 .flags = VX_SET_REQUIRED | VX_SET_UNBUILT,
	 .help = "The peer's cluster name."},
	{.key = "federation.peers[].address", .type = VX_SET_STRING,
	 .flags = VX_SET_REQUIRED | VX_SET_UNBUILT,
	 .help = "Its host and port."},
	{.key = "federation.share", .type = VX_SET_STRINGS, .flags = VX_SET_UNBUILT,
	 .help = "application/profile/label patterns that peers are given."},
	/* limits */
	{.key = "limits.warn", .type = VX_SET_PERCENT, .def = "80%", .min = 1,
	 .max = 100 * PERCENT,
	 .flags = VX_SET_UNBUILT,
	 .help = "Which share of a limit is warned of."},
	{.key = "limits.document", .type = VX_SET_SIZE, .def = "16MiB", .min = 1024,
	 .max = (int64_t)1 << 30,
	 .help = "The largest document or plain file that is taken."},
	{.key = "limits.memory", .type = VX_SET_SIZE, .def = "1GiB", .min = (int64_t)16 << 20,
	 .max = (int64_t)1 << 44,
	 .flags = VX_SET_UNBUILT,
	 .help = "Memory for configurations altogether."},
	{.key = "limits.store", .type = VX_SET_SIZE, .def = "10GiB", .min = (int64_t)16 << 20,
	 .max = (int64_t)1 << 50,
	 .flags = VX_SET_UNBUILT,
	 .help = "The state directory's size."},
	{.key = "limits.tracks", .type = VX_SET_INT, .def = "100000", .min = 1, .max = 10000000,
	 .help = "How many configurations are kept live; past it the least recently read goes."},
	{.key = "limits.startup", .type = VX_SET_DURATION, .def = "5s", .min = 0, .max = HOUR,
	 .flags = VX_SET_UNBUILT,
	 .help = "How long the start waits for backends before it serves what it knows."},
	/* log */
	{.key = "log.level", .type = VX_SET_CHOICE, .def = "info",
	 .choices = "debug | info | warn | error", .flags = VX_SET_HOT,
	 .help = "The least severe messages that are written."},
	{.key = "log.format", .type = VX_SET_CHOICE, .def = "text", .choices = "text | json",
	 .flags = VX_SET_HOT,
	 .help = "Lines for people, or one JSON object each."},
	/* trace */
	{.key = "trace.endpoint", .type = VX_SET_STRING, .flags = VX_SET_UNBUILT,
	 .help = "Where traces are sent by OTLP over HTTP. Empty: nowhere."},
	{.key = "trace.sample", .type = VX_SET_PERCENT, .def = "1%", .min = 0,
	 .max = 100 * PERCENT, .flags = VX_SET_UNBUILT,
	 .help = "Which share of requests is traced."},
};
/* clang-format on */
const size_t vx_daemon_n_rows = sizeof(vx_daemon_rows) / sizeof(vx_daemon_rows[0]);

/* clang-format off */
const struct vx_settings_section vx_daemon_sections[] = {
	{"node", "This node.", NULL},
	{"mount", "Where and how the tree is mounted.", NULL},
	{"holder", "The process that keeps the mounts while vortexd restarts.", NULL},
	{"tree", "What is in the tree.", NULL},
	{"access", "Who may read what; the first rule that matches counts. Without one, files are root:root 0444.",
	 "  - {match: \"payment/*\", owner: root, group: payment, mode: \"0440\"}\n"},
	{"backends", "Where configuration comes from. At least one is needed.",
	 "  - name: local\n"
	 "    type: directory\n"
	 "    priority: 5\n"
	 "    path: /etc/vortex/config\n"
	 "#  - name: repo\n"
	 "#    type: git\n"
	 "#    priority: 10\n"
	 "#    uri: \"https://git.example/config.git\"\n"
	 "#    search_paths: [\"{application}\"]\n"
	 "#    refresh: 30s\n"
	 "#    timeout: 5s\n"},
	{"cache", "Composed configurations that are kept although nobody holds them.", NULL},
	{"offload", "Large payloads of SQL backends, kept in an object store.", NULL},
	{"state", "What outlives a restart.", NULL},
	{"http", "The HTTP interface.", NULL},
	{"control", "Who may command.", NULL},
	{"policies", "How new versions come into service; the first policy that matches counts.",
	 "  - match: \"payment/prod/*\"\n"
	 "    policy: gated\n"
	 "    start: auto\n"
	 "    guards: {removed: 30%, growth: 10x}\n"},
	{"fleet", "Watching who reads which version.", NULL},
	{"federation", "Sharing configuration with other clusters.",
	 "    - {name: us-1, address: \"us-1.example:7443\"}\n"},
	{"limits", "Bounds on what is taken and kept.", NULL},
	{"log", "Messages.", NULL},
	{"trace", "Traces of requests.", NULL},
};
/* clang-format on */
const size_t vx_daemon_n_sections = sizeof(vx_daemon_sections) / sizeof(vx_daemon_sections[0]);
