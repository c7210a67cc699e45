/**
 * Containers that hold video and cannot name another file. Playlists, concat scripts and image
 * patterns are left out, so that a video cannot make us read anything but itself.
 */
export const CONTAINERS =
  'mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,nut,rm,ivf,' +
  'dv,wtv,swf,nsv,gif,apng,h263,h264,hevc,m4v,mjpeg,vc1,yuv4mpegpipe,wav,mp3,aac,flac';

/** Pictures of up to 16384×8192 are decoded, be it to look at what a file is; a small file can claim any size. */
export const MAX_PIXELS = 1 << 27;
