-- Built-in policies of media; rows that an operator has edited are left alone.
RESET ROLE;

SELECT skillancer.put_policy('mediaMaxBytes', '26214400', 'Largest file in bytes; the bridge has a limit of its own (media_max_bytes)');
SELECT skillancer.put_policy('mediaQuotaBytes', '1073741824', 'What all files of one person may take in bytes');
SELECT skillancer.put_policy('mediaOpenUploads', '50', 'Uploads of one person that were announced and did not come yet');
SELECT skillancer.put_policy('mediaUploadTerm', '"PT1H"', 'An announced upload that does not come is given up after this long');
SELECT skillancer.put_policy('mediaAddressTerm', '"PT15M"', 'How long signed addresses of files are good');
SELECT skillancer.put_policy('mediaMaxPixels', '100000000', 'Width times height that a picture may claim to have');
