import { words } from './words.ts';

/** Header fields whose value is a credential, beside those whose name has one of `credentialEndings`. */
export const credentialHeaders = words(`
  authorization proxy_authorization cookie cookie2 set_cookie set_cookie2 x_api_key api_key apikey x_auth_token
  x_vault_token x_amz_security_token x_authorization x_forwarded_authorization x_original_authorization
  authentication x_auth x_access_key x_functions_key ocp_apim_subscription_key
  x_amzn_oidc_data x_amzn_oidc_accesstoken x_ms_client_principal x_registry_auth x_registry_config dd_api_key
  dd_application_key x_honeycomb_team x_shopify_hmac_sha256 x_hub_signature x_hub_signature_256 x_session_id
`);

/** Header fields that a span has, that frame messages or that link traces: they stay when the values of all header fields go. */
export const keptHeaders = words(`
  host user_agent x_request_id x_forwarded_for traceparent b3 x_b3_traceid x_b3_spanid uber_trace_id sw8
  content_length transfer_encoding connection upgrade expect status
`);

/** Parameters of queries, forms and connection strings whose value is a credential, beside those with an ending below. */
export const credentialParameters = words(`
  auth authorization pass pwd code sig session sessionid session_id jsessionid phpsessid sid ticket otp
  samlresponse awsaccesskeyid x_amz_credential x_goog_credential oauth_verifier hmac credentials
`);

/** Endings of names, of header fields and of parameters, that stand before credentials; `-` and `.` are read as `_`. */
export const credentialEndings = words(`
  token password passwd passphrase secret api_key apikey access_key accesskey private_key privatekey secret_key secretkey
  signature credential assertion jwt
`);
