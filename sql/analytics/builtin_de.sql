-- The German texts of analytics.

SELECT skillancer.put_template('report', 'EMAIL', 'Bericht {{report}}{{#to}} bis {{to}}{{/to}}',
'Hallo {{user.name}},

hier ist der Bericht {{report}}{{#from}} vom {{from}} bis vor dem {{to}} (UTC){{/from}}: {{rows}} Zeilen.
{{#attached}}
Er ist als Tabelle angehängt.
{{/attached}}
{{^attached}}
Für eine Mail ist er zu lang. Einige Tage lang kann ihn lesen, wer diesen Link hat; geben Sie ihn nicht weiter:
{{{publicUrl}}}{{{link}}}
{{/attached}}

Mit einem Token von Ihnen ist er zu lesen unter
{{{publicUrl}}}{{{path}}}
', p_locale => 'de');
