import { createPolar } from "@polar-sh/sdk/2026-10"

const { seats } = createPolar({ accessToken: "polar_cst_" }).customerPortal

console.log(await seats.resendInvitation("9f1c2b3a-4d5e-4f60-8a7b-0c1d2e3f4a5b"))
