#!/usr/bin/env python3
"""A bucket on loopback that counts: as much of S3 as sfs, restic and rclone ask for.

bucket.py FOLDER PORTFILE: serves a bucket for each folder below FOLDER; writes the port that it took. GET /-/counts gives, and
forgets, `requests bytes-received bytes-sent`. Signatures are not looked at. Whatever else is asked for is an error that is printed.
"""

import hashlib
import os
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

root = sys.argv[1]
lock = threading.Lock()
counts = [0, 0, 0]
uploads = {}
meta = {}


class Bucket(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def say(self, status, body=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if not any(name == "Content-Length" for name, _ in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        with lock:
            counts[2] += len(body)

    def body(self):
        """The bytes of a request; those of a client that signs chunks are between its lines."""
        length = int(self.headers.get("Content-Length", 0))
        data = self.rfile.read(length)
        with lock:
            counts[1] += len(data)
        if "STREAMING" not in self.headers.get("x-amz-content-sha256", ""):
            return data
        plain, at = b"", 0
        while at < len(data):
            end = data.index(b"\r\n", at)
            size = int(data[at:end].split(b";")[0], 16)
            plain += data[end + 2 : end + 2 + size]
            at = end + 2 + size + 2
        return plain

    def handle_any(self):
        url = urllib.parse.urlsplit(self.path)
        query = dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        path = urllib.parse.unquote(url.path).strip("/")
        if path == "-/counts":
            with lock:
                text = " ".join(map(str, counts))
                counts[:] = [0, 0, 0]
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text.encode())
            return
        with lock:
            counts[0] += 1
        bucket, _, key = path.partition("/")
        name = os.path.join(root, bucket, urllib.parse.quote(key, safe=""))
        verb = getattr(self, "on_" + self.command.lower())
        verb(bucket, key, name, query)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = handle_any

    def keep_meta(self, name):
        """What a client says of a file, such as when it was changed, it is told again."""
        meta[name] = [(key, value) for key, value in self.headers.items() if key.lower().startswith("x-amz-meta-")]

    def on_get(self, bucket, key, name, query):
        if not key:
            return self.list(bucket, query)
        if not os.path.isfile(name):
            return self.say(404, b"<Error><Code>NoSuchKey</Code></Error>")
        with open(name, "rb") as file:
            data = file.read()
        stamp = meta.get(name, []) + [("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT"), ("ETag", f'"{hashlib.md5(data).hexdigest()}"')]
        asked = self.headers.get("Range")
        if not asked:
            return self.say(200, data, stamp)
        first, last = asked.removeprefix("bytes=").split("-")
        part = data[int(first) : int(last) + 1 if last else None]
        span = f"bytes {first}-{int(first) + len(part) - 1}/{len(data)}"
        self.say(206, part, stamp + [("Content-Range", span)])

    def on_head(self, bucket, key, name, query):
        if not key:
            return self.say(200 if os.path.isdir(os.path.join(root, bucket)) else 404)
        if not os.path.isfile(name):
            return self.say(404)
        size = ("Content-Length", str(os.path.getsize(name)))
        with open(name, "rb") as file:
            tag = ("ETag", f'"{hashlib.md5(file.read()).hexdigest()}"')
        stamp = ("Last-Modified", "Thu, 01 Jan 2026 00:00:00 GMT")
        self.say(200, b"", meta.get(name, []) + [size, stamp, tag])

    def on_put(self, bucket, key, name, query):
        data = self.body()
        if "uploadId" in query:
            with lock:
                uploads[query["uploadId"]][int(query["partNumber"])] = data
        elif not key:
            os.makedirs(os.path.join(root, bucket), exist_ok=True)
        elif self.headers.get("If-None-Match") == "*" and os.path.isfile(name):
            return self.say(412)
        else:
            with open(name, "wb") as file:
                file.write(data)
            self.keep_meta(name)
        self.say(200, b"", [("ETag", f'"{hashlib.md5(data).hexdigest()}"')])

    def on_post(self, bucket, key, name, query):
        data = self.body()
        if "uploads" in query:
            with lock:
                upload = str(len(uploads) + 1)
                uploads[upload] = {}
            self.keep_meta(name)
            inside = f"<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><UploadId>{upload}</UploadId>"
            return self.say(200, f"<InitiateMultipartUploadResult>{inside}</InitiateMultipartUploadResult>".encode())
        if "uploadId" in query:
            parts = uploads.pop(query["uploadId"])
            with open(name, "wb") as file:
                for _, part in sorted(parts.items()):
                    file.write(part)
            inside = f'<Bucket>{bucket}</Bucket><Key>{escape(key)}</Key><ETag>"0-1"</ETag>'
            return self.say(200, f"<CompleteMultipartUploadResult>{inside}</CompleteMultipartUploadResult>".encode())
        print(f"asked for what is not served: POST {self.path} {data[:200]!r}", file=sys.stderr)
        self.say(501)

    def on_delete(self, bucket, key, name, query):
        if os.path.isfile(name):
            os.remove(name)
        self.say(204)

    def list(self, bucket, query):
        if "location" in query:
            return self.say(200, b"<LocationConstraint></LocationConstraint>")
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        files, folders = [], set()
        for name in sorted(os.listdir(os.path.join(root, bucket))):
            key = urllib.parse.unquote(name)
            if not key.startswith(prefix):
                continue
            rest = key[len(prefix) :]
            if delimiter and delimiter in rest:
                folders.add(prefix + rest.split(delimiter)[0] + delimiter)
            else:
                files.append((key, os.path.getsize(os.path.join(root, bucket, name))))
        encode = urllib.parse.quote if query.get("encoding-type") == "url" else escape
        entry = "<Contents><Key>{}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;0&quot;</ETag><Size>{}</Size><StorageClass>STANDARD</StorageClass></Contents>"
        text = '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        text += f"<Name>{bucket}</Name><Prefix>{encode(prefix)}</Prefix><KeyCount>{len(files)}</KeyCount><MaxKeys>1000</MaxKeys>"
        text += "<EncodingType>url</EncodingType>" * (encode is not escape) + "<IsTruncated>false</IsTruncated>"
        text += "".join(entry.format(encode(key), size) for key, size in files)
        text += "".join(f"<CommonPrefixes><Prefix>{encode(name)}</Prefix></CommonPrefixes>" for name in sorted(folders))
        self.say(200, (text + "</ListBucketResult>").encode(), [("Content-Type", "application/xml")])


server = ThreadingHTTPServer(("127.0.0.1", 0), Bucket)
with open(sys.argv[2] + ".new", "w") as file:
    file.write(str(server.server_port))
os.rename(sys.argv[2] + ".new", sys.argv[2])
server.serve_forever()
