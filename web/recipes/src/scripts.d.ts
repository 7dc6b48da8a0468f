// The scripts that the recipes' own pages have inside, too.

declare module "*/picture.js" {
  const picture: { SIZE: number; normalize(alpha: ArrayLike<number>, width: number, height: number): Float32Array | null };
  export default picture;
}
