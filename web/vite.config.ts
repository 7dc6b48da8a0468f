import { defineConfig } from "vitest/config";

export default defineConfig({
  root: "studio",
  base: "/",
  build: {
    outDir: "../../velveteen/studio/pages",
    emptyOutDir: true,
    target: "es2022",
    // TensorFlow.js is one piece, which only the pages that need it load.
    chunkSizeWarningLimit: 2500,
    // web-tree-sitter looks for Node.js, which is not there, and could compile a grammar's own scripts, which have none.
    rollupOptions: { onwarn: (warning, warn) => (/web-tree-sitter/.test(`${warning.id} ${warning.message}`) ? undefined : warn(warning)) },
    // The numbers of the recipes' pages are computed by the same files here.
    commonjsOptions: { include: [/node_modules/, /velveteen\/recipes\/\w+\/page\//] },
  },
  test: { root: ".", include: ["recipes/tests/**/*.test.ts"] },
});
