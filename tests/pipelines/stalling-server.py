#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serves one file as /whole.webm, and as /stalls.webm, of which only the first
part comes. Prints its port.
"""
import http.server
import pathlib
import sys
import time

DATA = pathlib.Path(sys.argv[1]).read_bytes()
FIRST_PART = 20000


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path not in ('/whole.webm', '/stalls.webm'):
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header('Content-Type', 'video/webm')
        self.send_header('Content-Length', str(len(DATA)))
        self.end_headers()
        if self.path == '/whole.webm':
            self.wfile.write(DATA)
            return
        self.wfile.write(DATA[:FIRST_PART])
        self.wfile.flush()
        time.sleep(60)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
