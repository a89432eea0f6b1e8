/** Tests that take long, because they start many processes or wait. `test:long` runs them, and `pnpm test` does not. */
export const longFiles = [
  "app/exactMetadata.test.ts",
  "app/polarTime.test.ts",
  "app/proxy.test.ts",
  "app/timeTravel.test.ts",
  "invitations/exactMetadata.test.ts",
  "security/bounds.test.ts",
  "security/compileCache.test.ts",
  "security/hostileTexts.test.ts",
  "security/misplacedSecrets.test.ts",
  "smoke/smoke.test.ts"
]

/** Tests of a matrix, of which `pnpm test` runs a part: see `everyCase.ts`. */
export const matrixFiles = [
  "app/output.test.ts",
  "app/outputDisk.test.ts",
  "http/faultMatrix.test.ts",
  "http/secretLeaks.test.ts"
]
