/*
 * sql/notification/shapes.sql
 *		What JSON about notifications looks like where no view says it.
 */

SELECT skillancer.add_shape('notification_preference_item',
	'{category: text, channel: text, frequency: text, isDefault: boolean, choices: [text]}');
SELECT skillancer.add_shape('notification_preferences_json', '[notification_preference_item]');
SELECT skillancer.add_shape('p_preferences', '[{category: text, channel: text, frequency: text}]');
SELECT skillancer.add_shape('p_sample', '{*: any}');
SELECT skillancer.add_shape('announcement_texts', '{*: {title: text, body: text}}');
SELECT skillancer.add_shape('announcement_segment',
	'{roles?: [text], countries?: [text], locales?: [text], registeredAfter?: timestamptz, registeredBefore?: timestamptz}');
SELECT skillancer.add_shape('announcement.texts', 'announcement_texts'), skillancer.add_shape('p_texts', 'announcement_texts');
SELECT skillancer.add_shape('announcement.segment', 'announcement_segment'), skillancer.add_shape('p_segment', 'announcement_segment');
