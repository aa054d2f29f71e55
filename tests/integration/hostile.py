"""A Git server over http that says what it is told to, true or not: what no real server would send.

It is what a fetch must survive; real packs come from git itself."""
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CAPABILITIES = b'multi_ack_detailed side-band-64k ofs-delta no-progress agent=hostile'


def packet(content):
    """A pkt-line; None: a flush."""
    return b'0000' if content is None else b'%04x' % (len(content) + 4) + content


def refs(*pairs):
    """The packets that announce (commit, name) pairs of bytes."""
    lines = [commit + b' ' + name for commit, name in pairs]
    lines[0] += b'\0' + CAPABILITIES
    return [packet(text + b'\n') for text in lines] + [packet(None)]


class HostileServer:
    """`announce`: an iterable of bytes that follow the service's line; sent until the client goes.

    @hosted  whose packs are sent
    """

    def __init__(self, hosted, announce):
        server = self

        class Handler(BaseHTTPRequestHandler):
            def begin(self, kind):
                self.send_response(200)
                self.send_header('Content-Type', f'application/x-git-upload-pack-{kind}')
                self.send_header('Connection', 'close')
                self.end_headers()

            def do_GET(self):
                self.begin('advertisement')
                self.write(packet(b'# service=git-upload-pack\n') + packet(None))
                for part in server.announce():
                    if not self.write(part):
                        return

            def write(self, part):
                try:
                    self.wfile.write(part)
                except OSError:
                    return False
                server.sent += len(part)
                return True

            def do_POST(self):
                if self.headers.get('Transfer-Encoding') == 'chunked':
                    body = b''
                    while size := int(self.rfile.readline(), 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                else:
                    body = self.rfile.read(int(self.headers['Content-Length']))
                done = subprocess.run(['git', 'upload-pack', '--stateless-rpc', hosted.bare],
                                      input=body, capture_output=True, check=False, timeout=30)
                self.begin('result')
                self.write(done.stdout)

            def log_message(self, *_):
                pass

        self.announce = announce
        self.sent = 0
        self.server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        self.uri = f'http://127.0.0.1:{self.server.server_port}/repo.git'
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
