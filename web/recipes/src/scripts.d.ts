// The scripts that the recipes' own pages have inside, too.

declare module "*/picture.js" {
  const picture: { SIZE: number; normalize(alpha: ArrayLike<number>, width: number, height: number): Float32Array | null };
  export default picture;
}
declare module "*/log_mel.js" {
  const logMel: { LogMel: new (settings: object) => unknown };
  export default logMel;
}
declare module "*/resampling.js" {
  const resampling: { Resampler: new (from: number, to: number) => { push(samples: Float32Array): Float32Array } };
  export default resampling;
}
declare module "*/listening.js" {
  const listening: {
    Windows: new (saved: object) => { push(samples: Float32Array): { frames: Float64Array[]; windows: Float32Array[] } };
    Detector: new (words: string[], commands: string[], settings: object) => {
      feed(scores: number[]): { window: number; word: number; score: number } | null;
    };
  };
  export default listening;
}
declare module "*.js?raw" {
  const text: string;
  export default text;
}
