/** 32 bytes in base64url, as the random part of every secret in these tests. */
export const word = "Zq7x-Y3kUf_9sWmB1vN0pRtC5hJgL8dEaXoQiKe2yTA"

/** A secret of each kind that Polar makes. */
export const secretKinds = {
  "a customer session": `polar_cst_${word}`,
  "a member session": `polar_mst_${word}`,
  "an organization token": `polar_oat_${word}`,
  "a token of an app for an organization": `polar_at_o_${word}`,
  "a personal token": `polar_pat_${word}`,
  "a token of an app for a user": `polar_at_u_${word}`,
  "a webhook secret": `whsec_${word}=`,
  "an invitation link": `https://polar.sh/acme/portal/claim?token=${word}`,
  "an invitation link in SafeLinks": `https://eur02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fpolar.sh%2Facme%2Fportal%2Fclaim%3Ftoken%3D${word}&data=05`,
  "an invitation link at Proofpoint": `https://urldefense.com/v2/url?u=https-3A__polar.sh_acme_portal_claim-3Ftoken-3D${word}&d=x`,
  "an invitation link in the source of a page": `https://polar.sh/acme/portal/claim?a=b&amp;token=${word}`,
  "a bare invitation": word
}
