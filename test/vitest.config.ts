import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["**/*.test.ts"],
    exclude: ["long/**", "**/node_modules/**"],
    testTimeout: 20_000
  }
})
