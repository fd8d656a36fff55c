"""What the stand-in for Salesforce shows and lets in, and the demo mapping."""

from collections.abc import Mapping

CLIENT, SECRET, REFRESH = "survey-app", "survey-app-secret", "5Aep861-refresh"
USER, PASSWORD = "survey@acme.example", "open sesame"
SHOWN = {
    "NPS_Response__c": ("Chat_Id__c", "Score__c", "Segment__c", "Reason__c", "Quote__c", "Date__c", "Contact__c"),
    "Contact": ("LastName", "Email", "NPS_Score__c", "NPS_Segment__c", "NPS_Date__c"),
    "Lead": ("LastName", "Email", "NPS_Score__c", "NPS_Segment__c"),
    "Case": ("Subject", "Status", "Origin", "Description", "ContactId", "OwnerId"),
    "Task": ("Subject", "Priority", "OwnerId", "WhatId"),
}
TITLES = {"NPS_Response__c": "NPS responses", "Contact": "Contacts", "Lead": "Leads", "Case": "Cases", "Task": "Tasks"}
SETTINGS = """\
writers:
  salesforce:
    base_url: {url}
    allow_private: true
    login: {{client_id: "${{SF_CLIENT_ID}}", client_secret: "${{SF_CLIENT_SECRET}}"}}
    match: {{Contact: {{Email: contact.email}}, Lead: {{Email: contact.email}}}}
    unknown: create
    fields:
      Contact:
        NPS_Score__c: score
        NPS_Segment__c: segment | labels(en)
        NPS_Date__c: scored_at | date
      Lead: {{NPS_Score__c: score, NPS_Segment__c: segment | labels(en), NPS_Date__c: scored_at | date}}
      NPS_Response__c:
        Score__c: score
        Segment__c: segment | labels(en)
        Reason__c: answers.reason.label | truncate(255)
        Quote__c: quote | truncate(32000)
        Date__c: scored_at
        Source__c: "Web survey"
        Link__c: link
    case:
      when: {{segment: detractor}}
      fields:
        Subject: "Detractor {{{{ score }}}}: {{{{ answers.reason.label | truncate(150) | default(no reason yet) }}}}"
        Description: "{{{{ quote | truncate(1500) }}}}\\n\\n{{{{ transcript | truncate(30000) }}}}\\n\\n{{{{ link }}}}"
        Origin: "ChatSurvey"
        Priority: "High"
    task:
      when: {{segment: detractor}}
      fields: {{Subject: "Call back a detractor ({{{{ score }}}})", Priority: "High"}}
"""


def login_fault(form: Mapping[str, str], public_key: str) -> str:
    """The OAuth error word; empty for a log-in that is right. Without a key a JWT's signature is not looked at."""
    kind = form.get("grant_type", "")
    if kind.endswith("jwt-bearer"):
        return _jwt_fault(form.get("assertion", ""), public_key)
    if form.get("client_id") != CLIENT:
        return "invalid_client_id"
    secret = form.get("client_secret")
    fine = {
        "client_credentials": secret == SECRET,
        "refresh_token": form.get("refresh_token") == REFRESH and secret in (None, SECRET),
        "password": secret == SECRET and form.get("username") == USER and form.get("password") == PASSWORD,
    }
    if kind not in fine:
        return "unsupported_grant_type"
    return "" if fine[kind] else "invalid_grant"


def _jwt_fault(assertion: str, public_key: str) -> str:
    import jwt  # noqa: PLC0415 - only where somebody logs in this way

    try:
        claims = jwt.decode(
            assertion,
            public_key or "none",
            algorithms=["RS256"],
            # Whoever tries it has a clock of their own.
            options={
                "verify_signature": bool(public_key),
                "verify_aud": False,
                "verify_exp": False,
                "verify_iat": False,
            },
        )
    except jwt.PyJWTError:
        return "invalid_grant"
    return "" if claims.get("iss") == CLIENT and claims.get("sub") == USER else "invalid_grant"
