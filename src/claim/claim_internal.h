#ifndef FGAD_CLAIM_INTERNAL_H
#define FGAD_CLAIM_INTERNAL_H

#include "claim/claim.h"

/* The claim that the heartbeat touches from now on; "": none. */
void claim_heartbeat_hold(const char *path);

#endif
