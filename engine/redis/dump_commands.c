/* dump_commands.c */
#include "engine/redis/key_commands.h"
int med_redis_dump_command(med_redis_call *call) { return med_redis_syntax_error(call); }
int med_redis_restore_command(med_redis_call *call) { return med_redis_syntax_error(call); }
