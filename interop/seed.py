"""Prints a seed file: enough leads for three pages of 2,000 records."""

import json

LEADS = 4_500

records = [
    {
        "attributes": {"type": "Lead"},
        "LastName": f"Lead {number:04}",
        "Company": "Paging Inc.",
    }
    for number in range(LEADS)
]
print(json.dumps({"records": records}))
