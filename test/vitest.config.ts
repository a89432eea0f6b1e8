import { defineConfig } from "vitest/config"

export default defineConfig({
  // The examples have their own copies of these packages, but only one copy knows the current run
  resolve: { dedupe: ["vitest", "@effect/vitest"] },
  test: {
    // The tests wait much of the time, so two workers suit a machine with two cores
    maxWorkers: 2,
    include: ["**/*.test.ts", "../examples/src/*.test.ts"],
    exclude: ["long/**", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
