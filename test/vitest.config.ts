import { defineConfig } from "vitest/config"

export default defineConfig({
  // The suite among the examples has copies of its own, and only one of each knows the run
  resolve: { dedupe: ["vitest", "@effect/vitest"] },
  test: {
    include: ["**/*.test.ts", "../examples/src/*.test.ts"],
    exclude: ["long/**", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
