"""Prints a seed file: enough leads for three pages of 2,000 records, and a report on them."""

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
report = {
    "name": "Leads",
    "object": "Lead",
    "columns": ["LastName", "Company"],
    "sort_by": {"column": "LastName"},
}
print(json.dumps({"records": records, "reports": [report]}))
