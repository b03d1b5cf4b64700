// SPDX-License-Identifier: Apache-2.0
#include "perform.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "relight/file.h"
#include "relight/memory.h"

#define LAST_LINE_BYTES 500

void output_begin(struct output *output, int fd, const struct mask *mask)
{
	*output = (struct output){.fd = fd};
	for (int i = 0; i < STREAM_COUNT; i++)
		output->streams[i].mask = mask;
	output->digest = EVP_MD_CTX_new();
	if (!output->digest || !EVP_DigestInit_ex(output->digest, EVP_sha256(), NULL))
		memory_exhausted();
}

static size_t keep_unwritten(struct output *output)
{
	size_t room = OUTPUT_KEPT_BYTES - output->unwritten.length;
	size_t length = output->masked.length < room ? output->masked.length : room;

	buf_add(&output->unwritten, output->masked.data, length);
	return output->masked.length;
}

// A stream does not go on in a line that the other one has begun: the line is ended first. Returns
// how many bytes that took.
static size_t end_line_of_other(struct output *output, enum stream stream)
{
	if (!output->is_in_line || output->last == stream)
		return 0;
	buf_byte(&output->masked, '\n');
	return 1;
}

// A full disk must not stop the command: what it prints is read on and counted, and the result says
// what is missing. Once there is a gap nothing is written any more, so that the file has no silent
// hole.
static void write_masked(struct output *output, enum stream stream)
{
	const struct buf *masked = &output->masked;
	size_t written = 0;

	output->last = stream;
	output->is_in_line = masked->data[masked->length - 1] != '\n';
	if (output->fd < 0)
		written = keep_unwritten(output);
	else if (!output->lost_errno &&
		 !file_write(output->fd, masked->data, masked->length, &written))
		output->lost_errno = errno;
	if (!EVP_DigestUpdate(output->digest, masked->data, written))
		memory_exhausted();
	output->bytes += (int64_t)written;
	output->lost_bytes += (int64_t)(masked->length - written);
	buf_add(&output->recent, masked->data, masked->length);
	if (output->recent.length > 2 * OUTPUT_RECENT_BYTES)
		buf_drop(&output->recent, output->recent.length - OUTPUT_RECENT_BYTES);
}

void output_take(struct output *output, enum stream stream, const char *bytes, size_t length)
{
	if (stream == STREAM_OUT) {
		size_t room = OUTPUT_KEPT_BYTES - output->kept.length;

		buf_add(&output->kept, bytes, length < room ? length : room);
		output->is_cut = output->is_cut || length > room;
	}

	size_t ended = end_line_of_other(output, stream);

	mask_feed(&output->streams[stream], bytes, length, &output->masked);
	if (output->masked.length > ended)
		write_masked(output, stream);
	buf_clear(&output->masked);
}

void output_keep(struct output *output, const char *bytes, size_t length)
{
	output->is_cut = length > OUTPUT_KEPT_BYTES;
	buf_clear(&output->kept);
	buf_add(&output->kept, bytes, output->is_cut ? OUTPUT_KEPT_BYTES : length);
}

void output_close(struct output *output, char sha256[65])
{
	static const char digits[] = "0123456789abcdef";
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned length = 0;

	for (int i = 0; i < STREAM_COUNT; i++) {
		size_t ended = end_line_of_other(output, (enum stream)i);

		mask_flush(&output->streams[i], &output->masked);
		if (output->masked.length > ended)
			write_masked(output, (enum stream)i);
		buf_clear(&output->masked);
	}
	if (output->fd >= 0 && output->bytes && fdatasync(output->fd) < 0 && !output->lost_errno)
		output->lost_errno = errno;
	if (!EVP_DigestFinal_ex(output->digest, digest, &length))
		memory_exhausted();
	for (unsigned i = 0; i < length; i++) {
		sha256[2 * i] = digits[digest[i] >> 4];
		sha256[2 * i + 1] = digits[digest[i] & 15];
	}
	sha256[2 * length] = '\0';
}

char *output_last_line(const struct output *output)
{
	const char *text = buf_str(&output->recent);
	size_t end = output->recent.length;

	while (end && strchr(" \t\r\n", text[end - 1]))
		end--;

	size_t start = end;

	while (start && text[start - 1] != '\n' && text[start - 1] != '\r' &&
		end - start < LAST_LINE_BYTES)
		start--;
	return memory_copy_bytes(text + start, end - start);
}

void output_fini(struct output *output)
{
	for (int i = 0; i < STREAM_COUNT; i++)
		mask_stream_fini(&output->streams[i]);
	EVP_MD_CTX_free(output->digest);
	buf_wipe(&output->kept);
	buf_fini(&output->recent);
	buf_fini(&output->unwritten);
	buf_fini(&output->masked);
}
