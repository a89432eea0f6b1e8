import { defineConfig } from "vitest/config"
import { longFiles, matrixFiles } from "./longFiles.ts"

export default defineConfig({
  test: {
    include: ["long/**/*.test.ts", ...longFiles, ...matrixFiles],
    env: { EVERY_CASE: "1" },
    globalSetup: ["temporaryFolder.ts", "bundledCommand.ts"],
    fileParallelism: false,
    testTimeout: 20_000,
    hookTimeout: 30_000
  }
})
