import { defineConfig } from "vitest/config"

export default defineConfig({
  // The suite among the examples has copies of its own, and only one of each knows the run
  resolve: { dedupe: ["vitest", "@effect/vitest"] },
  test: {
    // Much of the time is waiting, so both cores of a small machine can be used
    maxWorkers: 2,
    include: ["**/*.test.ts", "../examples/src/*.test.ts"],
    exclude: ["long/**", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
