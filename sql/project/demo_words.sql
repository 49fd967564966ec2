/*
 * sql/project/demo_words.sql
 *		The words of generated marketplaces: fields of work with their skills and phrases, names, places.
 *
 * Phrases are templates of compose(). Names of skills are facts; "A|b|c" is a skill A with the other spellings b, c.
 */

-- demo_fields(): fields of work
CREATE OR REPLACE FUNCTION skillancer.demo_fields(
	OUT slug text, OUT weight integer, OUT skills text[], OUT headline text, OUT task text, OUT offer text)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 20
SET search_path = pg_catalog, skillancer, pg_temp
AS $$ VALUES
('web-development', 18, ARRAY['JavaScript|js', 'TypeScript|ts', 'React|reactjs', 'Vue.js|vue', 'Angular', 'Svelte', 'Next.js|nextjs',
	'Node.js|nodejs', 'Express', 'PHP', 'Laravel', 'Symfony', 'WordPress|wp', 'WooCommerce|woo commerce', 'Shopify', 'Drupal', 'Django', 'Flask',
	'FastAPI', 'Ruby on Rails|rails', 'HTML|html5', 'CSS|css3', 'Tailwind CSS|tailwind', 'Bootstrap', 'GraphQL', 'REST API|restful api', 'Web accessibility|a11y', 'Webflow', 'jQuery'],
	'{Front-end|Back-end|Full-stack|Freelance} {web|} developer, {clean code|fast pages|shops and portals|from idea to launch}',
	'{build|rebuild|extend|speed up} {a booking site for {a dental practice|a yoga studio|a boat rental|two small hotels}|the members area of {an online school|a sports club|a food cooperative}|a shop with {subscriptions|gift cards|four languages}|a landing page with {a waiting list|three variants to test}|a dashboard for {warehouse|delivery|service} staff|our {careers|press|partner} pages}',
	'{build|redesign|repair|speed up} your {company website|online shop|landing page|customer portal|blog}'),
('mobile-development', 8, ARRAY['Android', 'Kotlin', 'Jetpack Compose', 'iOS', 'Swift', 'SwiftUI', 'Objective-C', 'Flutter', 'Dart', 'React Native', 'Firebase', 'Push notifications', 'App Store submission', 'Mobile UI design'],
	'{Android|iOS|Flutter|Mobile} {engineer|developer}, {apps that stay installed|{six|nine|twelve} apps in the stores}',
	'{build|finish|modernise|test and publish} {an app for {bird watchers|night nurses|school canteens|rowing crews}|the {Android|iOS} version of our {loyalty|booking|delivery} app|offline maps in an existing app|a small app that reads {water|gas|heat} meters}',
	'{build|finish|port|publish} your {Android|iOS|Flutter} app'),
('devops-cloud', 5, ARRAY['Docker', 'Kubernetes|k8s', 'Terraform', 'Ansible', 'AWS|amazon web services', 'Google Cloud|gcp', 'Microsoft Azure|azure', 'CI/CD', 'GitHub Actions', 'GitLab CI', 'Linux', 'Nginx', 'Prometheus', 'Grafana', 'Helm', 'Bash|shell scripting'],
	'{DevOps|Cloud|Site reliability} engineer, {quiet nights|short pipelines|bills you understand}',
	'{move {our build server|three services|a monolith} to {Kubernetes|the cloud|containers}|set up {monitoring and alerts|backups that are tested|staging environments} for a {small|growing} team|cut the {cloud bill|build time} of our platform by a {third|half}}',
	'{set up|review|repair} your {deployment pipeline|cloud account|Kubernetes cluster|monitoring}'),
('software-testing', 3, ARRAY['Manual testing', 'Test automation', 'Selenium', 'Playwright', 'Cypress', 'Postman', 'JMeter', 'Regression testing', 'Usability testing', 'Test plans|test planning'],
	'{Tester|QA engineer} who {finds it before your customers do|writes reports developers like}',
	'{test|write automated tests for} {our checkout|a new release of our app|a web shop in {three|five} browsers|an accounting import}',
	'{test|write automated tests for} your {website|app|API}'),
('security', 2, ARRAY['Penetration testing|pentesting', 'Network security', 'OWASP', 'Security audit', 'ISO 27001', 'Incident response', 'Cryptography', 'GDPR|data protection'],
	'Security {consultant|engineer}, {audits in plain language|web and cloud}',
	'{review the security of {our web shop|an internal tool|our login}|prepare a small company for {ISO 27001|a customer audit}|write a data protection concept for {a clinic|an app}}',
	'{audit|harden} your {website|server|cloud account}'),
('data-analysis', 10, ARRAY['Data analysis|data analytics', 'Microsoft Excel|excel', 'Google Sheets', 'Power BI|powerbi', 'Tableau', 'Looker Studio|google data studio', 'DAX', 'Statistics', 'R', 'SPSS', 'Survey analysis', 'Data visualization', 'Dashboards', 'A/B testing'],
	'{Data analyst|Reporting specialist}, {numbers with a story|dashboards people open twice}',
	'{{build|improve} {a sales dashboard for {twelve|forty} shops|the monthly report of {a cinema|a bakery chain|an association}}|evaluate a survey of {800|2,500} {members|guests|readers}|clean up {a spreadsheet that has grown for ten years|the price list of a wholesaler}}',
	'{build|repair} your {Power BI report|spreadsheet|sales dashboard}'),
('data-engineering', 6, ARRAY['SQL', 'PostgreSQL|postgres', 'MySQL', 'MongoDB', 'Redis', 'Apache Spark|spark', 'Apache Kafka|kafka', 'Airflow|apache airflow', 'dbt', 'Snowflake', 'BigQuery', 'ETL', 'Data modeling|data modelling', 'Web scraping', 'Data migration', 'Elasticsearch'],
	'{Data engineer|Database specialist}, {pipelines that wake nobody|slow queries made fast}',
	'{move {a customer database|fifteen years of orders|an archive of measurements} to PostgreSQL|build a nightly pipeline from {three shops|our ticket system|sensor files}|find out why {a report|our search|the import} takes {forty minutes|all night}}',
	'{design|tune|migrate} your {database|data pipeline}'),
('machine-learning', 7, ARRAY['Machine learning|ml', 'Deep learning', 'Python|python3', 'PyTorch', 'TensorFlow', 'scikit-learn', 'Natural language processing|nlp', 'Computer vision', 'Large language models|llm', 'Prompt engineering', 'Chatbot development|chatbots', 'Time series forecasting|forecasting', 'Recommender systems', 'MLOps', 'pandas'],
	'{Machine learning|AI|Data science} {engineer|consultant}, {models that reach production|from notebook to service}',
	'{train|evaluate|deploy} {a model that {sorts support mail|recognises plant diseases|predicts bread sales|finds defects in weld seams}|a chatbot that knows {our manuals|the rules of a club}|a forecast of {energy use|visitor numbers}}',
	'{train|fine-tune|deploy} a {machine learning model|chatbot|forecast} for you'),
('graphic-design', 9, ARRAY['Graphic design', 'Logo design', 'Brand identity|corporate identity', 'Adobe Photoshop|photoshop', 'Adobe Illustrator|illustrator', 'Adobe InDesign|indesign', 'Canva', 'Illustration', 'Packaging design', 'Print design', 'Brochure design', 'Infographics', 'Presentation design', 'T-shirt design', 'Book cover design', 'Typography'],
	'{Graphic designer|Illustrator|Brand designer}, {print and screen|shapes with a reason|calm layouts}',
	'{design|redraw|refresh} {a logo for {a bakery|a chess club|a solar firm|a guesthouse}|the labels of {five|nine} {honey|beer|tea} sorts|a brochure of {twelve|thirty-two} pages|the cover of a {crime novel|cookbook}|posters for a {street festival|concert series}}',
	'{design|refresh} your {logo|brochure|packaging|book cover}'),
('ux-ui-design', 6, ARRAY['UI design|user interface design', 'UX design|user experience design', 'Figma', 'Adobe XD', 'Sketch', 'Wireframing|wireframes', 'Prototyping', 'User research', 'Design systems', 'Interaction design', 'Information architecture'],
	'{UX|UI|Product} designer, {research first|systems, not screens|from sketch to prototype}',
	'{design|simplify|test} {the {onboarding|settings|checkout} of our app|screens for a {ticket machine|patient portal|farm planner}|a design system for {three|five} products|a form with {sixty|ninety} fields}',
	'{design|review} the {screens|flows|prototype} of your product'),
('copywriting', 8, ARRAY['Copywriting', 'Content writing', 'Blog writing', 'Technical writing', 'SEO writing', 'Ghostwriting', 'Editing', 'Proofreading', 'Email copywriting', 'Product descriptions', 'Grant writing', 'Resume writing|cv writing', 'Scriptwriting', 'Creative writing', 'UX writing'],
	'{Copywriter|Editor|Technical writer}, {plain words that sell|deadlines kept|from draft to print}',
	'{write|edit|shorten} {twelve articles about {heat pumps|dog training|office chairs}|product texts for {eighty|two hundred} {lamps|spices|tools}|the manual of a {coffee grinder|lab instrument}|a newsletter series for {museums|vets}|the texts of our new website}',
	'{write|edit|proofread} your {blog articles|product texts|newsletter|manual}'),
('translation', 6, ARRAY['Translation', 'English to Spanish', 'English to German', 'English to French', 'English to Arabic', 'English to Japanese', 'English to Portuguese', 'Localization|localisation', 'Subtitling|subtitles', 'Transcription', 'Legal translation', 'Medical translation', 'Interpreting'],
	'{Translator|Localisation specialist}, {law and contracts|software and games|medicine|travel}',
	'translate {a website of {forty|ninety} pages|a rental contract|the subtitles of {six films|a course}|a patient leaflet|the menu of a ship} into {Spanish|German|French|Japanese|Portuguese}',
	'translate your {website|contract|subtitles|manual}'),
('video-editing', 6, ARRAY['Video editing', 'Adobe Premiere Pro|premiere pro', 'Final Cut Pro', 'DaVinci Resolve', 'Color grading|colour grading', 'YouTube editing', 'Short-form video|reels', 'Sound editing', 'Drone footage', 'Wedding videos', 'Podcast editing'],
	'Video editor, {long talks made short|colour and sound included|weekly formats}',
	'{cut|edit and subtitle} {a weekly video about {gardening|old cars|chess}|{eight|twenty} interviews for a foundation|a film of a {wedding|regatta|choir tour}|short clips from {ten hours of|last year''s} talks}',
	'{edit|colour-grade} your {interviews|wedding film|weekly video}'),
('animation', 4, ARRAY['Animation', 'Adobe After Effects|after effects', 'Blender', 'Cinema 4D', 'Motion graphics', '3D modeling|3d modelling', '3D rendering', 'Character animation', 'Explainer videos', 'Whiteboard animation', 'Lottie', 'Unity|unity3d', 'Unreal Engine', 'Game design'],
	'{Animator|Motion designer|3D artist}, {explainers|characters|products that turn}',
	'{animate|model} {a mascot for a {bank|zoo|school}|the inside of a {pump|turbine|clock}|a ninety-second explainer about {pensions|vaccines|compost}|the opening of a game}',
	'{animate|model} your {logo|mascot|product}'),
('voice-over', 2, ARRAY['Voice over|voiceover', 'Audiobook narration', 'Voice acting', 'Audio recording', 'British English voice', 'American English voice', 'Phone greetings'],
	'{Warm|Clear|Young|Deep} voice, {own studio|delivery in two days}',
	'{read|record} {an audiobook of {six|nine} hours|the greeting of a phone line|the voice of a {museum guide|language course}}',
	'record {a voice over|an audiobook|a phone greeting} for you'),
('music-production', 3, ARRAY['Music production', 'Mixing', 'Mastering', 'Songwriting', 'Composition', 'Ableton Live', 'Logic Pro', 'Sound design', 'Beat making', 'Session guitar', 'Vocals'],
	'{Producer|Composer|Mixing engineer}, {film and games|songs that breathe}',
	'{compose|mix|master} {the music of a {podcast|short film|board game app}|an album of {eight|eleven} songs|a jingle of ten seconds}',
	'{compose|mix|master} your {song|podcast music|jingle}'),
('seo', 5, ARRAY['SEO|search engine optimization', 'Local SEO', 'Technical SEO', 'Link building', 'Keyword research', 'Google Analytics', 'Google Ads|adwords', 'PPC|pay per click', 'Content strategy', 'Conversion optimization|cro'],
	'{SEO|Search marketing} specialist, {facts before rankings|local shops|technical audits}',
	'{audit and improve|bring more visitors to} {the site of a {law firm|garden centre|dance school}|a shop with {900|4,000} products|a local {plumber|physiotherapist}}',
	'{audit|improve} the {search ranking|ads|analytics} of your site'),
('social-media', 6, ARRAY['Social media marketing|smm', 'Facebook Ads|meta ads', 'Instagram marketing', 'LinkedIn marketing', 'TikTok marketing', 'Community management', 'Influencer marketing', 'Email marketing', 'Mailchimp', 'HubSpot', 'Lead generation', 'Market research', 'Public relations|pr'],
	'{Social media|Campaign|Community} manager, {three posts a week|leads, not likes}',
	'{plan and run|take over} {the channels of a {vineyard|bike shop|theatre}|a campaign for {a new tea|an open day|electric vans}|a monthly newsletter with {3,000|20,000} readers}',
	'{plan|run} your {social media channels|campaign|newsletter}'),
('accounting', 4, ARRAY['Bookkeeping', 'Accounting', 'QuickBooks', 'Xero', 'Financial modeling|financial modelling', 'Tax preparation', 'Payroll', 'Budgeting', 'Business plans', 'Financial analysis'],
	'{Bookkeeper|Accountant|Financial analyst}, {month closed by the fifth|small firms}',
	'{keep the books of|clean up last year''s accounts of|plan the budget of} {a restaurant|a design studio|a charity|an online shop}',
	'{keep your books|prepare your tax return|build your business plan}'),
('project-management', 5, ARRAY['Project management', 'Agile|scrum', 'Jira', 'Asana', 'Virtual assistance|virtual assistant', 'Data entry', 'Customer support|customer service', 'Zendesk', 'Business analysis', 'Process improvement', 'Product management', 'Event planning', 'Recruiting', 'Research', 'Notion'],
	'{Project manager|Virtual assistant|Business analyst}, {calm in week eleven|nothing forgotten}',
	'{organise|look after|describe and improve} {the move of an office|the inbox and calendar of a director|a conference for {120|400} people|the support queue of an app|how we handle returns}',
	'{organise|manage} your {project|inbox|event}')
$$;
COMMENT ON FUNCTION skillancer.demo_fields() IS
	'Fields of work: category, how common, skills, templates of a headline, of a client''s task and of a freelancer''s offer.';

-- demo_words(): lists of names and places
CREATE OR REPLACE FUNCTION skillancer.demo_words(p_list text)
RETURNS text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, skillancer, pg_temp
AS $$
	SELECT CASE p_list
	WHEN 'given' THEN string_to_array('Amara Aisha Ana Anton Arjun Astrid Ayumi Bela Bruno Camila Chen Chidi Clara Daniel Dara Diego Dina Elena Elif Emeka Emma Erik Farah Fatima Felix Freya Gabriel Giulia Grace Hana Hassan Hugo Ibrahim Inga Irina Ivan Jamal Jana Jonas Julia Kenji Kofi Lars Laila Leon Lin Lucia Maja Marco Maria Marta Mateo Mei Mina Mohammed Nadia Nia Nikhil Noah Nora Oksana Olga Omar Oscar Pablo Paula Petra Priya Rafael Ravi Rosa Ruth Sami Sara Selma Sofia Stefan Sven Tamar Tariq Tessa Thabo Tomas Uma Valentin Vera Viktor Wanjiru Yara Yusuf Zofia Zuri', ' ')
	WHEN 'family' THEN string_to_array('Abe Acosta Adeyemi Ahmed Almeida Andersen Bauer Becker Bianchi Boateng Campos Castro Chowdhury Conti Costa Dahl Das Demir Diaz Dubois Eriksen Farouk Fernandes Fischer Fontaine Garcia Gomez Gupta Haddad Hansen Hassan Horvat Ito Ivanova Jansen Jensen Kamau Kaya Khan Kim Kovacs Kowalska Kumar Larsen Leroy Lopez Maier Mbeki Mendes Moreau Mensah Mwangi Nakamura Nguyen Nowak Nwosu Okafor Oliveira Onyango Ortiz Park Patel Pereira Petrov Popescu Rahman Ramos Reyes Ricci Rossi Sato Schmidt Shah Silva Singh Sorensen Suzuki Tanaka Torres Tran Varga Vasquez Vogel Walker Weber Wilson Wong Yilmaz Zhang Zielinski', ' ')
	WHEN 'firm' THEN string_to_array('Alder Amber Anchor Arbor Aster Basalt Beacon Birch Brook Canopy Cedar Cinder Cobalt Copper Coral Delta Ember Fern Fjord Flint Garnet Granite Harbour Hazel Heron Indigo Iris Jade Juniper Kestrel Larch Laurel Linden Lotus Maple Marble Meadow Mistral Nimbus North Oak Ochre Olive Onyx Opal Orchard Osprey Pebble Pine Plum Quartz Quill Raven Reed Ridge River Rowan Saffron Sage Sierra Slate Sparrow Spruce Summit Tamarind Thistle Tide Timber Topaz Umber Vale Vesper Violet Walnut Willow Wren Yarrow Zephyr', ' ')
	WHEN 'trade' THEN string_to_array('Analytics,Apps,Books,Catering,Clinics,Consulting,Crafts,Education,Energy,Events,Fitness,Foods,Games,Gardens,Health,Homes,Hotels,Interiors,Labs,Logistics,Media,Mobility,Music,Outdoors,Pets,Robotics,Shops,Software,Studios,Travel', ',')
	END
$$;
COMMENT ON FUNCTION skillancer.demo_words(text) IS 'A list of words: given and family names, words for names of firms and their trades.';

-- demo_countries(): where people are, by how often
CREATE OR REPLACE FUNCTION skillancer.demo_countries(
	OUT code text, OUT alpha3 text, OUT number integer, OUT name text, OUT currency text, OUT clients integer, OUT freelancers integer)
RETURNS SETOF record
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 30
SET search_path = pg_catalog, skillancer, pg_temp
AS $$ VALUES
	('US', 'USA', 840, 'United States', 'USD', 1729, 796), ('IN', 'IND', 356, 'India', 'INR', 409, 1257),
	('GB', 'GBR', 826, 'United Kingdom', 'GBP', 349, 2143), ('AU', 'AUS', 36, 'Australia', 'AUD', 172, 75),
	('CA', 'CAN', 124, 'Canada', 'CAD', 166, 122), ('AE', 'ARE', 784, 'United Arab Emirates', 'AED', 98, 102),
	('PK', 'PAK', 586, 'Pakistan', 'PKR', 94, 1142), ('DE', 'DEU', 276, 'Germany', 'EUR', 77, 127),
	('SA', 'SAU', 682, 'Saudi Arabia', 'SAR', 62, 20), ('NL', 'NLD', 528, 'Netherlands', 'EUR', 62, 40),
	('FR', 'FRA', 250, 'France', 'EUR', 43, 99), ('ES', 'ESP', 724, 'Spain', 'EUR', 43, 85),
	('IL', 'ISR', 376, 'Israel', 'ILS', 41, 15), ('IT', 'ITA', 380, 'Italy', 'EUR', 37, 82),
	('SG', 'SGP', 702, 'Singapore', 'SGD', 34, 10), ('CH', 'CHE', 756, 'Switzerland', 'CHF', 32, 12),
	('UA', 'UKR', 804, 'Ukraine', 'UAH', 29, 131), ('IE', 'IRL', 372, 'Ireland', 'EUR', 27, 30),
	('ZA', 'ZAF', 710, 'South Africa', 'ZAR', 25, 117), ('PH', 'PHL', 608, 'Philippines', 'PHP', 23, 361),
	('BD', 'BGD', 50, 'Bangladesh', 'BDT', 10, 1066), ('KE', 'KEN', 404, 'Kenya', 'KES', 8, 294),
	('NG', 'NGA', 566, 'Nigeria', 'NGN', 12, 263), ('EG', 'EGY', 818, 'Egypt', 'EGP', 9, 262),
	('ID', 'IDN', 360, 'Indonesia', 'IDR', 6, 189), ('LK', 'LKA', 144, 'Sri Lanka', 'LKR', 5, 155),
	('TR', 'TUR', 792, 'Turkey', 'TRY', 12, 112), ('BR', 'BRA', 76, 'Brazil', 'BRL', 12, 40),
	('JP', 'JPN', 392, 'Japan', 'JPY', 14, 12), ('SE', 'SWE', 752, 'Sweden', 'SEK', 20, 18)
$$;
COMMENT ON FUNCTION skillancer.demo_countries() IS
	'Countries with how many of 10,000 clients and freelancers of the calibration are there.';
