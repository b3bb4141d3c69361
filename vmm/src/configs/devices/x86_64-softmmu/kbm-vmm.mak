# SPDX-License-Identifier: GPL-2.0-or-later
# The VMM inside the server: direct guests, and microvm for the comparison
# with stock KVM. The same device models serve both.
CONFIG_KATA_BM=y
CONFIG_MICROVM=y
CONFIG_Q35=n
CONFIG_I440FX=n
CONFIG_ISAPC=n
CONFIG_NITRO_ENCLAVE=n
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_9P=y
CONFIG_VIRTIO_RNG=y
CONFIG_VHOST_VSOCK=y
