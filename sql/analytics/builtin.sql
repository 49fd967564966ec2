-- Settings of analytics.

SELECT skillancer.put_policy('analyticsMinimumGroup', '5', 'Groups of fewer people than this are left out of what analysts see');
SELECT skillancer.put_policy('reportingCurrency', '"USD"', 'Currency in which analysts see all money together');
SELECT skillancer.put_policy('reportMailRows', '10000', 'Rows that a scheduled report may have to be attached to its mail; a longer one is mailed as a link');
SELECT skillancer.put_policy('reportLinkTerm', '"P7D"', 'How long the link to a report that was too long for its mail counts');
SELECT skillancer.put_policy('reportMailDelay', '"PT1H"', 'How long after a period ends (UTC) its scheduled reports are mailed');

SELECT skillancer.put_template('report', 'EMAIL', 'Report {{report}}, {{cadence}}{{#to}} to {{to}}{{/to}}',
'Hello {{user.name}},

here is the report {{report}}{{#from}} from {{from}} to {{to}} (that day excluded, UTC){{/from}}, which you get {{cadence}}: {{rows}} lines.
{{#attached}}
It is attached as a table.
{{/attached}}
{{^attached}}
It is too long for a mail. For some days whoever has this link can read it, so keep it to yourself:
{{{publicUrl}}}{{{link}}}
{{/attached}}

With a token of yours it can be read at
{{{publicUrl}}}{{{path}}}
');
