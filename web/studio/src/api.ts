// What the server answers, and how it is asked. All of it is on this machine.

export type State = "running" | "done" | "stopped" | "failed" | "killed";

export interface Run {
  id: number;
  name: string;
  command: string[];
  folder: string | null;
  state: State;
  started: number;
  ended: number | null;
  message: string;
  about: { epochs?: number; samples?: number | null; steps?: number | null; batch_size?: number | null };
}

export type Figures = Record<string, number | null>;

/** A figure over the epochs, of no more points than can be seen. */
export interface Series {
  name: string;
  kind: "batch" | "epoch";
  steps: number[];
  values: (number | null)[];
}

/** What is told of a run beside its curves. */
export interface Summary {
  number: number;
  step: number;
  seconds: number;
  epoch: Figures | null;
  batch: Figures | null;
  epochs_per_second: number | null;
  advice: string | null;
}

export interface Option {
  name: string;
  kind: "integer" | "number" | "text" | "choice" | "flag" | "path";
  help: string;
  default: string | number | boolean | null;
  choices: string[];
  least: number | null;
  repeated: boolean;
}

export interface Recipe {
  recipe: string;
  help: string;
  options: Option[];
}

export interface ModelInfo {
  name: string;
  recipe: string | null;
  bytes: number;
  saved: number;
  training: Record<string, unknown> | null;
  /** Of code, that a formatter has learned. */
  languages: string[];
}

export interface Weight {
  name: string;
  shape: number[];
  least: number | null;
  most: number | null;
  mean: number | null;
  deviation: number | null;
  counts: number[];
}

export interface ModelDetails {
  name: string;
  class: string;
  inputs: { name: string; shape: (number | null)[]; dtype: string }[];
  outputs: { name: string; shape: (number | null)[]; dtype: string }[];
  layers: { name: string; class: string; output_shape: unknown; params: number }[];
  params: { total: number; trainable: number; non_trainable: number; bytes: number };
  metadata: Record<string, unknown> | null;
  weights: Weight[];
  files: string[];
  pictures: string[];
}

export interface Numbers {
  shape: number[];
  dtype: string;
  values: number[];
}

export const path = (...parts: (string | number)[]): string => "/api/" + parts.map((part) => encodeURIComponent(part)).join("/");

export async function ask<T>(address: string, init: RequestInit = {}): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address, init);
  } catch {
    throw new Error("The studio does not answer. Is it still running in the terminal?");
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  const answer = await response.json().catch(() => ({ detail: response.statusText }));
  const { detail } = answer as { detail: unknown };
  throw new Error(typeof detail === "string" ? detail : `The studio did not understand: ${JSON.stringify(detail)}`);
}

export const send = <T>(address: string, body: unknown): Promise<T> =>
  ask<T>(address, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

/** The curves of a run in a range of epochs, or all of it. */
export async function curvesOf(run: number, width: number, range: [first: number, last: number] | null = null, kind?: "epoch"): Promise<Series[]> {
  const query = new URLSearchParams({ width: String(width), ...(range && { first: String(range[0]), last: String(range[1]) }), ...(kind && { kind }) });
  return (await ask<{ curves: Series[] }>(`${path("runs", run, "curves")}?${query}`)).curves;
}

/** Listens to a run, and connects again when the server was away. Returns a function that ends it. */
export function watch(run: number, hear: (run: Run, summary: Summary) => void, away: (isAway: boolean) => void): () => void {
  let socket: WebSocket | null = null;
  let ended = false;
  const connect = () => {
    if (ended) return;
    socket = new WebSocket(`ws://${location.host}/api/runs/${run}/live`);
    socket.onmessage = (event: MessageEvent<string>) => {
      away(false);
      const { run: about, summary } = JSON.parse(event.data) as { run: Run; summary: Summary };
      hear(about, summary);
      socket?.send("next");
    };
    socket.onclose = (event) => {
      if (ended || event.code === 1000) return;
      away(true);
      setTimeout(connect, 1500);
    };
  };
  connect();
  return () => {
    ended = true;
    socket?.close();
  };
}
