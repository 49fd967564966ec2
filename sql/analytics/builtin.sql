-- Settings of analytics.

SELECT skillancer.put_policy('analyticsMinimumGroup', '5', 'Groups of fewer people than this are left out of what analysts see');
SELECT skillancer.put_policy('reportingCurrency', '"USD"', 'Currency in which analysts see all money together');
