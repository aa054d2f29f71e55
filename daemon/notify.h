/* notify.h - the service manager's readiness protocol, sd_notify(3), without its library. */
#pragma once

/* Send @state ("READY=1", "STOPPING=1") to $NOTIFY_SOCKET; nothing happens where there is none.
 * A message that cannot be sent is not worth failing for. */
void vx_notify(const char *state);
