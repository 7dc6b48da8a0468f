// Files on their way into a data set: many in one request, one request at a time.

import { ask, path } from "./api";

const FILES = 100;
const BYTES = 16e6;
/** Pictures of more bytes, or of a kind that the recipes do not read, are made smaller first. */
const LARGE = 300e3;
const SIDE = 512;
const KINDS = new Set(["image/png", "image/jpeg", "image/webp", "audio/wav"]);

export interface Added {
  /** Names of the newest examples, the newest first. */
  files: string[];
  /** How many examples the class has by now. */
  total: number;
}

interface Waiting {
  blob: Blob;
  name: string;
}

/** Sends examples of a class. What comes while a request is under way goes into the next one together. */
export class Uploads {
  private waiting: Waiting[] = [];
  private sending: Promise<void> | null = null;
  /** What was not taken, by the files' names. */
  private refused: string[] = [];

  constructor(private readonly address: string, private readonly added: (added: Added) => void, private readonly left: (count: number) => void) {}

  /** Adds examples; ends when they are kept. Throws an error that names what is no picture or sound. */
  async add(blobs: Iterable<Blob>): Promise<void> {
    this.refused = this.sending ? this.refused : [];
    for (const blob of blobs) this.waiting.push({ blob, name: blob instanceof File ? blob.name : "" });
    this.sending ??= this.send().finally(() => (this.sending = null));
    await this.sending;
    if (this.refused.length) {
      const names = this.refused.slice(0, 3).join(", ");
      const more = this.refused.length > 3 ? ` and ${this.refused.length - 3} more` : "";
      this.refused = [];
      throw new Error(`Not taken, since they are no pictures or sounds that can be read: ${names}${more}.`);
    }
  }

  private async send(): Promise<void> {
    try {
      while (this.waiting.length) {
        const form = new FormData();
        let bytes = 0;
        let count = 0;
        while (this.waiting.length && count < FILES && bytes < BYTES) {
          const { blob, name } = this.waiting.shift()!;
          const ready = await prepared(blob);
          if (!ready) {
            this.refused.push(name);
            continue;
          }
          form.append("files", ready, name || "example");
          bytes += ready.size;
          count++;
        }
        if (count) {
          const answer = await ask<{ files: string[]; refused: { name: string }[]; total: number }>(this.address, { method: "POST", body: form });
          this.refused.push(...answer.refused.map(({ name }) => name));
          this.added({ files: answer.files.reverse(), total: answer.total });
        }
        this.left(this.waiting.length);
      }
    } catch (error) {
      this.waiting = [];
      this.left(0);
      throw error;
    }
  }
}

export const addressOf = (dataset: string, label: string): string => path("datasets", dataset, label);

/** Returns a file as it can be kept; null where it is no picture that this browser reads. */
async function prepared(blob: Blob): Promise<Blob | null> {
  if (blob.type.startsWith("audio/") || (KINDS.has(blob.type) && blob.size < LARGE)) return blob;
  const picture = await createImageBitmap(blob).catch(() => null);
  if (!picture) return null;
  const scale = Math.min(1, SIDE / Math.max(picture.width, picture.height));
  return drawn(picture, picture.width * scale, picture.height * scale);
}

/** Draws a picture, or a part of it, in a size; on white where it is transparent. Returns a JPEG. */
export function drawn(picture: CanvasImageSource, width: number, height: number, part?: [x: number, y: number, side: number]): Promise<Blob> {
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width: Math.max(1, Math.round(width)), height: Math.max(1, Math.round(height)) });
  const pen = canvas.getContext("2d")!;
  pen.fillStyle = "white";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.imageSmoothingQuality = "high";
  if (part) pen.drawImage(picture, part[0], part[1], part[2], part[2], 0, 0, canvas.width, canvas.height);
  else pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture cannot be drawn."))), "image/jpeg", 0.92));
}
