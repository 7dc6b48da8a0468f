// The camera: one for the whole page, shown where it is asked for.

import { h } from "./dom";
import { drawn } from "./uploads";

const SIDE = 256;

export class Camera {
  /** Mirrored to look at, as people are used to; what is taken is not. */
  readonly video = h("video", { class: "camera", muted: true, autoplay: true, playsInline: true, "aria-label": "What the camera sees" });
  private constructor(private readonly stream: MediaStream) {
    this.video.srcObject = stream;
  }

  static async open(): Promise<Camera> {
    const stream = await navigator.mediaDevices?.getUserMedia({ video: { width: 640, height: 480 } }).catch(() => null);
    if (!stream) throw new Error("There is no camera, or this page may not use it. Allow it beside the address.");
    const camera = new Camera(stream);
    await camera.video.play();
    return camera;
  }

  /** Takes what is in the middle of the picture now. */
  take(): Promise<Blob> {
    const { videoWidth: width, videoHeight: height } = this.video;
    const side = Math.min(width, height);
    return drawn(this.video, SIDE, SIDE, [(width - side) / 2, (height - side) / 2, side]);
  }

  close(): void {
    for (const track of this.stream.getTracks()) track.stop();
    this.video.remove();
  }
}
