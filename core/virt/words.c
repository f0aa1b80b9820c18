/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What libvirt's words mean: see words.h. Known by parts of libvirt's and QEMU's own messages. */
#include "virt/words.h"

#include <stddef.h>
#include <string.h>

static const struct {
    const char *part;
    const char *remedy;
} known[] = {
    {"No space left on device",
     "the destination has no room for its disks: make room there, or choose another host"},
    {"no storage pool with matching target path",
     "libvirt on the destination makes a disk only in a pool: define one there for that directory "
     "(virsh pool-define-as NAME dir --target DIRECTORY), or make the disk by hand"},
    {"pre-creation of storage targets for incremental",
     "an incremental copy needs the disk's base at the destination: put it there, or copy in full "
     "(--copy-storage)"},
    {"annot access storage file",
     "the destination does not reach that disk: share it with that host, or take it along "
     "(--copy-storage)"},
    {"annot access backing file",
     "the destination does not reach the base of that disk: share it with that host, or put a copy "
     "there"},
};

const char *words_remedy(const char *message)
{
    for (size_t i = 0; message && i < sizeof known / sizeof *known; i++)
        if (strstr(message, known[i].part))
            return known[i].remedy;
    return NULL;
}
