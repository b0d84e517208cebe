/* refused.c - the commands of Redis 7.0 that Medley knows by name and does not run, each with the reason. */
#include "engine/redis/state.h"

typedef struct refused_group {
  const char *reason;
  const char *names; /* separated by commas, in order */
} refused_group;

static const refused_group groups[] = {
    {"streams",
     "xack,xadd,xautoclaim,xclaim,xdel,xgroup,xinfo,xlen,xpending,xrange,xread,xreadgroup,xrevrange,xsetid,xtrim"},
    {"HyperLogLog", "pfadd,pfcount,pfdebug,pfmerge,pfselftest"},
    {"geo",
     "geoadd,geodist,geohash,geopos,georadius,georadius_ro,georadiusbymember,georadiusbymember_ro,geosearch,"
     "geosearchstore"},
    {"scripting", "eval,eval_ro,evalsha,evalsha_ro,fcall,fcall_ro,function,script"},
    {"cluster", "asking,cluster,readonly,readwrite,restore-asking"},
    {"replication", "failover,psync,replconf,replicaof,role,slaveof,sync"},
    {"a connection to another server", "migrate"},
    {"modules", "module"},
    {"every commit is on disk", "bgrewriteaof,bgsave,lastsave,save"},
    {"the process belongs to the host", "shutdown"},
    {"debugging", "debug,lolwut,monitor"},
    {"server statistics", "latency,memory doctor,memory help,memory malloc-stats,memory purge,memory stats,slowlog"},
    {"access control lists",
     "acl cat,acl deluser,acl dryrun,acl genpass,acl getuser,acl help,acl list,acl load,acl log,acl save,acl setuser,"
     "acl users"},
    {"network connections",
     "client caching,client getredir,client kill,client pause,client reply,client tracking,client trackinginfo,"
     "client unblock,client unpause"},
    {"there is no configuration file", "config rewrite"},
    {"help texts", "client help,command help,config help,object help,pubsub help"},
};
#define GROUP_COUNT (sizeof groups / sizeof groups[0])

/* The name that begins at *at; moves *at behind it. */
static med_slice next_name(const char **at) {
  const char *end = *at + strcspn(*at, ",");
  med_slice name = med_slice_of(*at, (size_t)(end - *at));
  *at = *end == ',' ? end + 1 : end;
  return name;
}

const char *med_redis_refused(med_slice name) {
  for (size_t i = 0; i < GROUP_COUNT; i++)
    for (const char *at = groups[i].names; *at != 0;)
      if (med_slice_equal(next_name(&at), name)) return groups[i].reason;
  return NULL;
}

med_slice med_redis_refused_at(size_t index, const char **reason) {
  for (size_t i = 0; i < GROUP_COUNT; i++)
    for (const char *at = groups[i].names; *at != 0;) {
      med_slice name = next_name(&at);
      *reason = groups[i].reason;
      if (index-- == 0) return name;
    }
  return med_slice_of(NULL, 0);
}
