// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/kata-bm of the control BM: its file operations. The calls are those of
 * the host's device as far as they make sense here, see uapi/asm/kbm.h.
 */

#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "../kbm.h"
#include "channel.h"

/**
 * struct channel_file - an open file
 * @lock:	guards that @session is set once.
 * @session:	what it has; NULL before KBM_OPEN_SESSION.
 * @error:	why the last call failed.
 */
struct channel_file {
	struct mutex lock;
	struct kbm_session *session;
	struct kbm_error error;
};

static int device_open(struct inode *inode, struct file *file)
{
	struct channel_file *own = kzalloc(sizeof(*own), GFP_KERNEL_ACCOUNT);

	if (!own)
		return -ENOMEM;
	mutex_init(&own->lock);
	kbm_error_init(&own->error);
	file->private_data = own;
	return 0;
}

/* The last user is gone: the file, and every mapping of it. */
static int device_release(struct inode *inode, struct file *file)
{
	struct channel_file *own = file->private_data;

	if (own->session)
		kbm_session_close(own->session);
	kfree(own);
	return 0;
}

static ssize_t device_read(struct file *file, char __user *buffer, size_t size, loff_t *offset)
{
	struct channel_file *own = file->private_data;

	return kbm_error_read(&own->error, buffer, size);
}

/* Set once, and never again as long as the file lives. */
static struct kbm_session *session_of(struct channel_file *own)
{
	/* Pairs with the release in open_session(). */
	struct kbm_session *session = smp_load_acquire(&own->session);

	if (!session)
		kbm_error_set(&own->error, "this file has no session; call KBM_OPEN_SESSION first");
	return session;
}

static long get_host_info(void __user *argument)
{
	struct kbm_host_info info = {
		.version = KBM_ABI_VERSION,
		.flags = kbm_info->flags & KBM_INFO_TSC_DEADLINE ? KBM_HOST_TSC_DEADLINE : 0,
		.tsc_khz = kbm_info->tsc_khz,
		.lapic_timer_hz = kbm_info->lapic_timer_hz,
		.extent_align = KBM_EXTENT_ALIGN,
	};

	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

/* As far as this control BM knows them: its grants. */
static long get_regions(struct channel_file *own, void __user *argument)
{
	const struct kbm_info_extent *grants = kbm_info_grants();
	struct kbm_regions *answer;
	long ret;

	if (kbm_info->nr_grants > KBM_REGIONS_MAX) {
		kbm_error_set(&own->error, "%u runs of memory are granted, this call names %d",
			      kbm_info->nr_grants, KBM_REGIONS_MAX);
		return -E2BIG;
	}
	answer = kzalloc(sizeof(*answer), GFP_KERNEL);
	if (!answer)
		return -ENOMEM;
	for (; answer->nr < kbm_info->nr_grants; answer->nr++) {
		answer->regions[answer->nr] = (struct kbm_region_info){
			.start = grants[answer->nr].start,
			.bytes = grants[answer->nr].bytes,
			.node = grants[answer->nr].node,
		};
	}
	ret = copy_to_user(argument, answer, sizeof(*answer)) ? -EFAULT : 0;
	kfree(answer);
	return ret;
}

static long open_session(struct channel_file *own, void __user *argument)
{
	struct kbm_channel_session answer = {};
	struct kbm_session *session;

	/* After it was taken it is the file's, whatever happens. */
	if (!access_ok(argument, sizeof(answer)) || clear_user(argument, sizeof(answer)))
		return -EFAULT;
	guard(mutex)(&own->lock);
	if (own->session) {
		kbm_error_set(&own->error, "this file has session %u; open " KBM_DEVICE_PATH
			      " once more", own->session->index);
		return -EBUSY;
	}
	session = kbm_session_open(&own->error);
	if (IS_ERR(session))
		return PTR_ERR(session);
	/* All of it, for calls that do not take the lock. */
	smp_store_release(&own->session, session);
	answer.start = session->start;
	answer.bytes = session->bytes;
	answer.index = session->index;
	return copy_to_user(argument, &answer, sizeof(answer)) ? -EFAULT : 0;
}

static long end_session(struct channel_file *own, void __user *argument)
{
	u32 index;

	if (copy_from_user(&index, argument, sizeof(index)))
		return -EFAULT;
	return kbm_session_end_orphan(index, &own->error);
}

static long set_doorbell(struct channel_file *own, void __user *argument)
{
	struct kbm_session *session = session_of(own);
	struct kbm_doorbell request;

	if (copy_from_user(&request, argument, sizeof(request)))
		return -EFAULT;
	return session ? kbm_session_doorbell(session, &request) : -ENXIO;
}

static long send_doorbell(struct channel_file *own, void __user *argument)
{
	struct kbm_session *session = session_of(own);
	u64 word;

	if (copy_from_user(&word, argument, sizeof(word)))
		return -EFAULT;
	return session ? kbm_session_ring(session, word) : -ENXIO;
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long value)
{
	struct channel_file *own = file->private_data;
	void __user *argument = (void __user *)value;

	switch (command) {
	case KBM_GET_HOST_INFO:
		return get_host_info(argument);
	case KBM_GET_REGIONS:
		return get_regions(own, argument);
	case KBM_OPEN_SESSION:
		return open_session(own, argument);
	case KBM_END_SESSION:
		return end_session(own, argument);
	case KBM_DOORBELL:
		return set_doorbell(own, argument);
	case KBM_SEND_DOORBELL:
		return send_doorbell(own, argument);
	default:
		return -ENOTTY;
	}
}

static int device_mmap(struct file *file, struct vm_area_struct *vma)
{
	struct kbm_session *session = session_of(file->private_data);

	return session ? kbm_session_map(session, vma) : -ENXIO;
}

/* Readable when the session has a twin, hung up when that has ended. */
static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct channel_file *own = file->private_data;
	/* Pairs with the release in open_session(). */
	struct kbm_session *session = smp_load_acquire(&own->session);

	poll_wait(file, &kbm_channel.changed, wait);
	if (!session)
		return 0;
	switch (kbm_session_state(session)) {
	case KBM_SESSION_SERVED:
		return EPOLLIN | EPOLLRDNORM;
	case KBM_SESSION_ENDED:
		return EPOLLHUP;
	default:
		return 0;
	}
}

static const struct file_operations channel_operations = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.mmap = device_mmap,
	.get_unmapped_area = thp_get_unmapped_area,
	.llseek = noop_llseek,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "kata-bm",
	.fops = &channel_operations,
	.groups = kbm_channel_groups,
	.mode = 0600,
};

int __init kbm_channel_device_init(void)
{
	return misc_register(&device);
}
