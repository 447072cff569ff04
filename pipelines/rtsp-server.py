#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Serves a video over RTSP on loopback: rtsp-server.py FILE

Prints the URI, and serves until it is ended. Every client gets the video from
its beginning, at the speed of play.
"""
import pathlib
import sys

import gi

gi.require_version('Gst', '1.0')
gi.require_version('GstPbutils', '1.0')
gi.require_version('GstRtspServer', '1.0')
from gi.repository import GLib, Gst, GstPbutils, GstRtspServer  # noqa: E402


class Factory(GstRtspServer.RTSPMediaFactory):
    """Makes the pipeline of a client; no path has to pass a parser."""

    def __init__(self, path):
        super().__init__()
        self.path = path

    def do_create_element(self, url):
        media = Gst.parse_bin_from_description(
            'filesrc name=file ! decodebin ! videoconvert ! videorate'
            ' ! vp8enc deadline=1 keyframe-max-dist=25 threads=2'
            ' ! rtpvp8pay name=pay0 pt=96', False)
        media.get_by_name('file').set_property('location', self.path)
        return media


def check_video(path):
    """Ends the program unless the file can be played."""
    try:
        discoverer = GstPbutils.Discoverer.new(10 * Gst.SECOND)
        uri = pathlib.Path(path).absolute().as_uri()
        if discoverer.discover_uri(uri).get_video_streams():
            return
        reason = 'no picture in it'
    except GLib.Error as error:
        reason = error.message
    sys.exit(f'rtsp-server.py: {path}: {reason}')


def main():
    if len(sys.argv) != 2:
        sys.exit('usage: rtsp-server.py FILE')
    Gst.init(None)
    check_video(sys.argv[1])
    server = GstRtspServer.RTSPServer()
    server.set_address('127.0.0.1')
    server.set_service('0')
    # Else it drops what a client on a busy machine has not fetched yet, and
    # pictures break until the next one that stands alone.
    server.connect('client-connected', lambda _, client:
                   client.set_property('drop-backlog', False))
    server.get_mount_points().add_factory('/video', Factory(sys.argv[1]))
    if not server.attach(None):
        sys.exit('rtsp-server.py: no port to be had on 127.0.0.1')
    print(f'rtsp://127.0.0.1:{server.get_bound_port()}/video', flush=True)
    GLib.MainLoop().run()


if __name__ == '__main__':
    main()
