-- The German texts of notifications and mails. A type without one here is told in English.

SELECT skillancer.put_template('layout', 'EMAIL', 'Skillancer',
'{{{content}}}
--
Skillancer, {{{publicUrl}}}
{{#unsubscribeUrl}}
Sie erhalten diese Mail, weil Sie ein Konto haben. Keine Mails dieser Art mehr: {{{unsubscribeUrl}}}
{{/unsubscribeUrl}}
',
'<!DOCTYPE html>
<html lang="de">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"></head>
<body style="margin:0;background:#f4f4f6;font-family:sans-serif;color:#222">
<div style="max-width:36em;margin:2em auto;padding:2em;background:#fff;border-radius:8px">
{{{content}}}</div>
<p style="text-align:center;color:#777;font-size:small">Von Skillancer, {{publicUrl}}{{#unsubscribeUrl}}<br>
<a href="{{unsubscribeUrl}}" style="color:#777">Keine Mails dieser Art mehr</a>{{/unsubscribeUrl}}</p>
</body>
</html>
', 'de');

-- in the app
SELECT skillancer.put_template(t.type, 'IN_APP', t.title, t.body, NULL, 'de')
FROM (VALUES
	('user.verified', 'Willkommen bei Skillancer', 'Ihre E-Mail-Adresse ist bestätigt. Füllen Sie Ihr Profil aus, damit andere Sie finden.'),
	('user.password_changed', 'Ihr Passwort wurde geändert', 'Alle Ihre Sitzungen sind beendet. Wenn Sie das nicht waren, setzen Sie ein neues Passwort und schreiben Sie uns.'),
	('user.security_alert', 'Eine Sitzung wurde zu Ihrer Sicherheit beendet', 'Ihr Token wurde an zwei Orten benutzt. Wenn Sie nicht wissen, warum, ändern Sie Ihr Passwort.'),
	('user.restricted', 'Ihr Konto ist eingeschränkt', 'Sie können vorerst nichts Neues beginnen; was läuft, läuft weiter.{{#reason}} Grund: {{reason}}{{/reason}}'),
	('user.reinstated', 'Ihr Konto ist wieder aktiv', 'Sie können alles wie zuvor benutzen.'),
	('user.suspended', 'Ihr Konto ist gesperrt', 'Alle Ihre Sitzungen sind beendet.{{#reason}} Grund: {{reason}}{{/reason}}'),
	('user.erasure_requested', 'Ihr Konto wird gelöscht', 'Bis {{eraseAt}} können Sie es sich anders überlegen.'),
	('user.erasure_withdrawn', 'Ihr Konto bleibt bestehen', 'Es wird nicht gelöscht.'),
	('user.erasure_refused', 'Ihr Konto konnte nicht gelöscht werden', 'Ein Vertrag, eine Zahlung oder ein Guthaben ist noch offen. Sehen Sie Ihren Antrag an, beenden Sie, was er nennt, und stellen Sie ihn neu.'),
	('organisation.invited', 'Sie sind zu {{organisationName}} eingeladen', 'Nehmen Sie die Einladung an, um gemeinsam mit den anderen von {{organisationName}} zu buchen, oder lehnen Sie ab.'),
	('organisation.joined', 'Sie sind Mitglied einer Organisation', 'Ihre Rolle darin ist {{role}}.'),
	('organisation.left', 'Sie haben eine Organisation verlassen', 'Sie sehen ihre Buchungen nicht mehr.'),
	('project.rejected', 'Ihr Projekt braucht Änderungen', '„{{project.title}}“ wurde nicht veröffentlicht.{{#reason}} Grund: {{reason}}{{/reason}}'),
	('project.expired', 'Ihr Projekt ist abgelaufen', '„{{project.title}}“ nimmt keine Angebote mehr an.'),
	('proposal.received', '{{#grouped}}{{count}} neue Angebote{{/grouped}}{{^grouped}}Neues Angebot{{/grouped}} für {{project.title}}', '{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}Jemand{{/freelancer}} hat Ihnen ein Angebot geschickt.'),
	('proposal.countered', 'Andere Bedingungen für {{project.title}}', 'Der Kunde hat auf Ihr Angebot mit anderen Bedingungen geantwortet.'),
	('proposal.shortlisted', 'Ihr Angebot ist in der engeren Wahl', '{{#client}}{{name}}{{/client}}{{^client}}Der Kunde{{/client}} hat Ihr Angebot für „{{project.title}}“ in die engere Wahl genommen.'),
	('proposal.accepted', 'Ihr Angebot wurde angenommen', '{{#client}}{{name}}{{/client}}{{^client}}Der Kunde{{/client}} hat Ihr Angebot für „{{project.title}}“ angenommen. Warten Sie, bis der erste Meilenstein bezahlt ist, bevor Sie beginnen.'),
	('proposal.declined', 'Ihr Angebot wurde abgelehnt', 'Der Kunde von „{{project.title}}“ hat sich anders entschieden.'),
	('proposal.withdrawn', 'Ein Angebot wurde zurückgezogen', '{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}Jemand{{/freelancer}} hat das Angebot für „{{project.title}}“ zurückgezogen.'),
	('proposal.closed', 'Ein Projekt ist {{#isFilled}}vergeben{{/isFilled}}{{^isFilled}}zu Ende{{/isFilled}}', '{{#isFilled}}„{{project.title}}“ ging an jemand anderen.{{/isFilled}}{{^isFilled}}„{{project.title}}“ nimmt keine Angebote mehr an.{{/isFilled}}'),
	('proposal.updated', 'Ein Angebot wurde geändert', '{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}Jemand{{/freelancer}} hat das Angebot für „{{project.title}}“ geändert.'),
	('project.held', 'Ihr Projekt wartet auf eine Prüfung', '„{{project.title}}“ wird angesehen, bevor andere es sehen.'),
	('project.approved', 'Ihr Projekt ist offen', '„{{project.title}}“ nimmt jetzt Angebote an.'),
	('project.cancelled', 'Ihr Projekt wurde beendet', 'Der Marktplatz hat „{{project.title}}“ beendet.{{#reason}} Grund: {{reason}}{{/reason}}'),
	('proposal.expired', 'Ihr Angebot ist abgelaufen', 'Der Kunde von „{{project.title}}“ hat nicht rechtzeitig geantwortet.'),
	('invitation.received', 'Sie sind eingeladen, ein Angebot zu machen', '{{#client}}{{name}}{{/client}}{{^client}}Ein Kunde{{/client}} hätte gern Ihr Angebot für „{{project.title}}“.'),
	('invitation.accepted', 'Ihre Einladung wurde angenommen', '{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}Jemand{{/freelancer}} hat Ihre Einladung zu „{{project.title}}“ angenommen.'),
	('invitation.declined', 'Ihre Einladung wurde abgelehnt', '{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}Jemand{{/freelancer}} hat Ihre Einladung zu „{{project.title}}“ abgelehnt.'),
	('invitation.withdrawn', 'Eine Einladung wurde zurückgenommen', 'Der Kunde von „{{project.title}}“ wartet nicht mehr auf Ihr Angebot.'),
	('invitation.expired', 'Eine Einladung ist abgelaufen', 'Jemand hat auf Ihre Einladung zu „{{project.title}}“ nicht geantwortet.'),
	('booking.offered', 'Jemand bietet Ihnen Arbeit an', '{{#client}}{{name}}{{/client}}{{^client}}Ein Kunde{{/client}} bietet Ihnen „{{booking.title}}“ an. Lesen Sie die Bedingungen und nehmen Sie an oder lehnen Sie ab.'),
	('booking.countered', 'Andere Bedingungen sind vorgeschlagen', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} schlägt andere Bedingungen für „{{booking.title}}“ vor. Lesen Sie sie und antworten Sie.'),
	('booking.accepted', 'Ihre Bedingungen wurden angenommen', '„{{booking.title}}“ ist vereinbart und wartet auf die Zahlung, damit die Arbeit beginnen kann.'),
	('booking.requirements_awaited', 'Es fehlen noch einige Antworten', '„{{booking.title}}“ ist bezahlt. Füllen Sie das Formular aus, damit die Arbeit beginnen kann.'),
	('booking.activated', 'Sie können beginnen', '„{{booking.title}}“ ist bezahlt und aktiv.'),
	('booking.voided', 'Aus einer Buchung wurde nichts', '„{{booking.title}}“ wurde zurückgezogen oder lief ab, bevor es bezahlt war.'),
	('booking.ending', 'Eine Buchung endet', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} beendet „{{booking.title}}“.'),
	('booking.completed', 'Eine Buchung ist abgeschlossen', '„{{booking.title}}“ ist abgeschlossen. Sagen Sie, wie es war: schreiben Sie eine Bewertung.'),
	('booking.cancelled', 'Eine Buchung wurde abgebrochen', '„{{booking.title}}“ ist vorbei.'),
	('booking.amended', 'Bedingungen haben sich geändert', '„{{booking.title}}“ hat neue Bedingungen, wie Sie beide vereinbart haben.'),
	('booking.paused', 'Eine Buchung ruht', '„{{booking.title}}“ ruht. Jeder von Ihnen kann sie fortsetzen.'),
	('booking.resumed', 'Eine Buchung geht weiter', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} setzt „{{booking.title}}“ fort.'),
	('booking.time_logged', '{{#grouped}}{{count}} Einträge von Stunden{{/grouped}}{{^grouped}}Stunden wurden erfasst{{/grouped}} für {{booking.title}}', 'Zuletzt: {{minutes}} Minuten am {{date}}. Stunden einer Woche können bestritten werden, bis sie gesperrt ist.'),
	('booking.time_changed', '{{#grouped}}{{count}} Einträge von Stunden wurden berichtigt{{/grouped}}{{^grouped}}Stunden wurden berichtigt{{/grouped}} für {{booking.title}}', 'Zuletzt: {{minutes}} Minuten am {{date}}, vorher {{minutesBefore}}.'),
	('booking.time_removed', '{{#grouped}}{{count}} Einträge von Stunden wurden entfernt{{/grouped}}{{^grouped}}Stunden wurden entfernt{{/grouped}} aus {{booking.title}}', 'Zuletzt: {{minutes}} Minuten am {{date}}.'),
	('week.waived', 'Stunden werden nicht abgerechnet', 'Sie beide haben „{{booking.title}}“ abgebrochen: Stunden, die nicht abgerechnet waren, werden es nicht.'),
	('booking.tipped', 'Sie haben Trinkgeld bekommen', '{{amount}} extra für „{{booking.title}}“.'),
	('milestone.proposed', 'Ein neuer Meilenstein ist vorgeschlagen', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} schlägt „{{milestone.title}}“ für {{milestone.amount}} {{milestone.currency}} vor.'),
	('milestone.agreed', 'Ein Meilenstein ist vereinbart', '„{{milestone.title}}“ von „{{booking.title}}“ ist vereinbart.'),
	('milestone.cancelled', 'Ein Meilenstein entfällt', '„{{milestone.title}}“ von „{{booking.title}}“ ist nicht mehr geplant.'),
	('milestone.funded', 'Ein Meilenstein ist bezahlt', '{{milestone.amount}} {{milestone.currency}} für „{{milestone.title}}“ liegen auf dem Treuhandkonto.'),
	('milestone.payment_failed', 'Die Zahlung ist fehlgeschlagen', '„{{milestone.title}}“ ist nicht bezahlt. Versuchen Sie es erneut oder mit einem anderen Zahlungsmittel.'),
	('milestone.submitted', 'Arbeit wurde abgegeben', 'Sehen Sie „{{milestone.title}}“ an und nehmen Sie es ab oder bitten Sie um Änderungen. Ohne Antwort wird das Geld von selbst freigegeben.'),
	('milestone.release_near', 'Bald wird Geld freigegeben', 'Das Geld für „{{milestone.title}}“ wird in {{daysLeft}} Tag(en) freigegeben, wenn Sie nicht antworten.'),
	('milestone.generated', 'Eine Woche wurde abgerechnet', '{{milestone.amount}} {{milestone.currency}} für „{{milestone.title}}“ von „{{booking.title}}“.'),
	('milestone.payment_due', 'Eine Woche ist nicht bezahlt', 'Bezahlen Sie „{{milestone.title}}“ von „{{booking.title}}“, oder nennen Sie ein Zahlungsmittel, das geht. Bis dahin werden keine Stunden erfasst.'),
	('milestone.changes_requested', 'Der Kunde bittet um Änderungen', '„{{milestone.title}}“ ist noch nicht abgenommen.{{#message}} {{message}}{{/message}}'),
	('milestone.released', 'Sie wurden bezahlt', 'Das Geld für „{{milestone.title}}“ wurde für Sie freigegeben. Nach einigen Tagen kann es ausgezahlt werden.'),
	('milestone.part_released', 'Sie wurden zum Teil bezahlt', 'Ein Teil des Geldes für „{{milestone.title}}“ wurde für Sie freigegeben. Der Rest bleibt auf dem Treuhandkonto.'),
	('milestone.rolled', 'Der Rest eines Meilensteins geht weiter', 'Was „{{milestone.title}}“ noch hielt, ist jetzt der nächste Meilenstein, und bezahlt.'),
	('milestone.part_refunded', 'Sie haben einen Teil Ihres Geldes zurück', 'Ein Teil des Geldes für „{{milestone.title}}“ ging an Sie zurück. Der Rest bleibt auf dem Treuhandkonto.'),
	('milestone.delivered', 'Etwas wurde geliefert', 'Sehen Sie nach, was es Neues für „{{milestone.title}}“ gibt.'),
	('milestone.refunded', 'Sie haben Ihr Geld zurück', 'Das Geld für „{{milestone.title}}“ ging an Sie zurück.'),
	('milestone.given_back', 'Sie haben Geld zurück', 'Von „{{milestone.title}}“ wurden Ihnen {{amount}} zurückgegeben.'),
	('milestone.held', 'Geld eines Meilensteins ist eingefroren', 'Die Bank des Kunden hat die Zahlung von „{{milestone.title}}“ zurückgeholt. Das Geld ist eingefroren, bis die Bank entscheidet.'),
	('milestone.unheld', 'Geld eines Meilensteins ist wieder frei', 'Das Geld von „{{milestone.title}}“ liegt wie zuvor auf dem Treuhandkonto.'),
	('change.requested', 'Um eine Änderung wird gebeten', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} bittet um eine Änderung von „{{booking.title}}“. Antworten Sie innerhalb von zwei Tagen, sonst wird ohne Sie entschieden.'),
	('change.accepted', 'Eine Änderung wurde angenommen', '„{{booking.title}}“ wurde wie gewünscht geändert.'),
	('change.declined', 'Eine Änderung wurde abgelehnt', '„{{booking.title}}“ bleibt, wie es war.'),
	('change.withdrawn', 'Eine Änderung wird nicht mehr gewünscht', '„{{booking.title}}“ bleibt, wie es ist.'),
	('dispute.opened', 'Ein Streitfall wurde eröffnet', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} fordert {{amount}} von „{{milestone.title}}“. Antworten Sie rechtzeitig, sonst gilt die Forderung als anerkannt.'),
	('dispute.replied', 'In Ihrem Streitfall wurde geantwortet', 'Lesen Sie die Antwort zu „{{milestone.title}}“ und versuchen Sie, sich zu einigen.'),
	('dispute.offered', 'Ein Angebot in Ihrem Streitfall', '{{amount}} für die fordernde Seite: nehmen Sie es an, oder machen Sie ein eigenes Angebot.'),
	('dispute.evidence_added', 'Neue Belege in Ihrem Streitfall', 'Sehen Sie nach, was es Neues zu „{{milestone.title}}“ gibt.'),
	('dispute.escalated', 'Ihr Streitfall geht zur Vermittlung', 'Jemand von uns wird sich „{{milestone.title}}“ ansehen. Legen Sie bald Ihre Belege vor.'),
	('dispute.taken', 'Ihr Streitfall wird vermittelt', 'Jemand von uns sieht sich „{{milestone.title}}“ jetzt an.'),
	('dispute.split_proposed', 'Eine Aufteilung ist vorgeschlagen', 'Vorgeschlagen sind {{toClaimant}} für die fordernde Seite. Nehmen Sie an oder lehnen Sie ab: Schweigen gilt als Annahme.'),
	('dispute.split_accepted', 'Die Aufteilung wurde angenommen', '{{#actor}}{{name}}{{/actor}}{{^actor}}Die andere Seite{{/actor}} nimmt die Aufteilung von „{{milestone.title}}“ an. Ihre Antwort fehlt noch.'),
	('dispute.split_rejected', 'Die Aufteilung wurde abgelehnt', 'Die Vermittlung zu „{{milestone.title}}“ geht weiter.'),
	('dispute.resolved', 'Ihr Streitfall ist entschieden', 'Die Forderung zu „{{milestone.title}}“ wurde aufgeteilt. Sehen Sie sich das Ergebnis an.'),
	('dispute.withdrawn', 'Ein Streitfall wurde zurückgezogen', 'Das Geld von „{{milestone.title}}“ liegt wieder auf dem Treuhandkonto.'),
	('dispute.overtaken', 'Ein Streitfall ist überholt', 'Über das Geld von „{{milestone.title}}“ entscheidet jetzt eine Bank.'),
	('gig.suspended', 'Ein Gig von Ihnen wurde gesperrt', 'Die Moderation hat ihn gesperrt.{{#reason}} Grund: {{reason}}{{/reason}}'),
	('gig.reinstated', 'Ein Gig von Ihnen ist wieder da', 'Die Moderation hat ihn freigegeben.'),
	('payment.action_required', 'Bestätigen Sie Ihre Zahlung', 'Ihre Bank bittet Sie, eine Zahlung zu bestätigen.'),
	('payment.failed', 'Eine Zahlung wurde abgelehnt', 'Versuchen Sie es erneut oder mit einem anderen Zahlungsmittel.'),
	('payment.errored', 'Ihre Zahlung dauert länger', 'Der Zahlungsdienst hat nicht geantwortet. Wir fragen erneut und sagen Ihnen, was daraus wird.'),
	('payment.refund_errored', 'Ihre Erstattung dauert länger', 'Der Zahlungsdienst hat nicht geantwortet. Wir fragen erneut und sagen Ihnen, was daraus wird.'),
	('payment.captured', 'Ihre Zahlung ist da', 'Das Geld ist in Ihrem Guthaben, oder dort, wohin Sie es geschickt haben.'),
	('payment.voided', 'Eine Zahlung wurde aufgegeben', 'Sie wurde abgebrochen oder nicht rechtzeitig bestätigt. Es wurde kein Geld genommen.'),
	('payment.refunded', 'Geld ist auf Ihrer Karte', 'Eine Erstattung aus Ihrem Guthaben ist auf Ihrer Karte angekommen.'),
	('payment.refund_failed', 'Eine Erstattung ist fehlgeschlagen', 'Das Geld ist wieder in Ihrem Guthaben.'),
	('payment.taken_back', 'Ihre Bank hat eine Zahlung zurückgeholt', 'Was damit bezahlt wurde, ist eingefroren, bis die Bank entscheidet.'),
	('payment.restored', 'Eine Zahlung von Ihnen gilt wieder', 'Ihre Rückbuchungen wurden abgelehnt.'),
	('payment.charged_back', 'Eine Zahlung wurde zurückgebucht', 'Die Bank des Karteninhabers hat eine Zahlung zurückgeholt. Geld, das davon bezahlt wurde, ist eingefroren, bis die Bank entscheidet.'),
	('payment.chargeback_won', 'Eine Rückbuchung wurde abgelehnt', 'Was dafür eingefroren war, ist wie zuvor.'),
	('payment.chargeback_lost', 'Einer Rückbuchung wurde stattgegeben', 'Was dafür eingefroren war, ging an den Karteninhaber zurück.'),
	('connects.bought', 'Ihre Connects sind da', 'Der Kauf wurde bezahlt.'),
	('connects.not_bought', 'Ihr Kauf von Connects ist fehlgeschlagen', 'Er wurde nicht bezahlt. Versuchen Sie es erneut oder mit einem anderen Zahlungsmittel.'),
	('connects.granted', 'Sie haben {{connects}} Connects bekommen', 'Sie wurden Ihnen von uns gegeben.'),
	('earning.available', 'Geld ist verfügbar', 'Eine Einnahme kann jetzt ausgezahlt werden.'),
	('payout.requested', 'Ihre Auszahlung ist unterwegs', 'Wir sagen Ihnen, wenn sie bezahlt ist.'),
	('payout.paid', 'Ihre Auszahlung wurde bezahlt', 'Das Geld ist auf dem Weg zu Ihrem Konto.'),
	('payout.failed', 'Ihre Auszahlung ist fehlgeschlagen', 'Das Geld ist wieder in Ihrem Guthaben. Prüfen Sie Ihr Auszahlungskonto.'),
	('payout.returned', 'Ihre Auszahlung kam zurück', 'Ihre Bank hat sie zurückgeschickt; das Geld ist in Ihrem Guthaben. Prüfen Sie Ihr Auszahlungskonto.'),
	('payout.errored', 'Ihre Auszahlung dauert länger', 'Der Zahlungsdienst hat nicht geantwortet. Wir fragen erneut und sagen Ihnen, was daraus wird.'),
	('payout.skipped', 'Ihre geplante Auszahlung fand nicht statt', 'Ihr Guthaben in {{currency}} bleibt, wo es ist: {{reason}}. Prüfen Sie Ihr Auszahlungskonto, oder fordern Sie selbst eine Auszahlung an.'),
	('payout.cancelled', 'Ihre Auszahlung wurde zurückgenommen', 'Das Geld ist wieder in Ihrem Guthaben.'),
	('payout_method.added', 'Ein Auszahlungskonto wurde hinzugefügt', 'An {{label}} kann ab {{usableFrom}} ausgezahlt werden. Wenn Sie das nicht waren, entfernen Sie es, ändern Sie Ihr Passwort und schreiben Sie uns.'),
	('payout_method.made_default', 'Ihre Auszahlungen gehen an ein anderes Konto', '{{label}} ist jetzt Ihr Auszahlungskonto. Wenn Sie das nicht waren, ändern Sie Ihr Passwort und schreiben Sie uns.'),
	('payout_method.removed', 'Ein Auszahlungskonto wurde entfernt', 'An {{label}} wird nicht mehr ausgezahlt.'),
	('invoice.issued', '{{#grouped}}{{count}} neue Dokumente{{/grouped}}{{^grouped}}Ein neues Dokument{{/grouped}}', 'Es gibt eine neue Rechnung, Quittung oder Abrechnung für Sie.'),
	('review.published', 'Sie wurden bewertet', 'Die Bewertung Ihrer Buchung kann jetzt gelesen werden.'),
	('review.replied', 'Auf Ihre Bewertung wurde geantwortet', 'Wer bewertet wurde, hat geantwortet.'),
	('review.removed', 'Eine Bewertung wurde entfernt', 'Die Moderation hat eine Bewertung von „{{booking.title}}“ entfernt. Sie zählt nicht mehr.'),
	('report.upheld', 'Eine Bewertung, die Sie gemeldet haben, wurde entfernt', 'Wir haben Ihre Meldung geprüft und stimmen ihr zu.{{#note}} {{note}}{{/note}}'),
	('report.dismissed', 'Ihre Meldung einer Bewertung', 'Wir haben Ihre Meldung geprüft: die Bewertung bleibt.{{#note}} {{note}}{{/note}}'),
	('reputation.level_changed', 'Ihre Stufe ist {{level}}', 'Ihre Stufe war {{from}} und ist jetzt {{level}}. Ihre Reputation zeigt, was jede Stufe verlangt.'),
	('message.received', '{{#grouped}}{{count}} neue Nachrichten{{/grouped}}{{^grouped}}Neue Nachricht{{/grouped}}{{#actor}} von {{actor.name}}{{/actor}}', 'Öffnen Sie das Gespräch, um zu lesen.'),
	('webhook.given_up', 'Ein Webhook von Ihnen wurde abgeschaltet', '{{url}} hat nicht angenommen, was wir geschickt haben, und bekommt keine Ereignisse mehr. Schalten Sie ihn ein, wenn er wieder geht; was er verpasst hat, kann erneut gesendet werden.'),
	('ledger.broken', 'Die Bücher sind nicht in Ordnung', 'Die nächtliche Prüfung fand {{violations}} Verstöße gegen „{{name}}“.'),
	('adjustment.proposed', 'Eine Buchung von Hand wartet auf eine zweite Person', '{{kind}}: {{reason}}'),
	('adjustment.posted', 'Eine Buchung von Hand wurde ausgeführt', '{{#actor}}{{name}}{{/actor}}{{^actor}}Eine zweite Person{{/actor}} hat sie genehmigt.'),
	('adjustment.rejected', 'Eine Buchung von Hand wurde abgelehnt', '{{#actor}}{{name}}{{/actor}}{{^actor}}Eine zweite Person{{/actor}} hat sie abgelehnt.'),
	('adjustment.expired', 'Eine Buchung von Hand ist verfallen', 'Niemand hat rechtzeitig darüber entschieden.'),
	('report.submitted', '{{#grouped}}{{count}} Bewertungen wurden gemeldet{{/grouped}}{{^grouped}}Eine Bewertung wurde gemeldet{{/grouped}}', 'Der letzte Grund: {{reason}}'),
	('announcement', '{{#texts.de}}{{{title}}}{{/texts.de}}{{^texts.de}}{{{texts.en.title}}}{{/texts.de}}', '{{#texts.de}}{{{body}}}{{/texts.de}}{{^texts.de}}{{{texts.en.body}}}{{/texts.de}}')
) AS t (type, title, body);

-- mail
SELECT skillancer.put_template(t.type, 'EMAIL', t.title, format(E'Guten Tag %s,\n\n%s\n', '{{user.name}}', t.body), NULL, 'de')
FROM (VALUES
	('verify_email', 'Bestätigen Sie Ihre E-Mail-Adresse', E'bitte bestätigen Sie, dass dies Ihre Adresse ist:\n\n{{publicUrl}}/verify-email?token={{token}}\n\nDer Link gilt einmal und 24 Stunden lang. Wenn Sie sich nicht bei Skillancer angemeldet haben, beachten Sie diese Mail nicht.'),
	('registration_attempt', 'Jemand wollte sich mit Ihrer Adresse registrieren', E'jemand{{#address}} von {{address}}{{/address}} wollte sich mit Ihrer E-Mail-Adresse bei Skillancer registrieren. Sie haben schon ein Konto, also wurde nichts geändert.\n\nWenn Sie es waren, melden Sie sich an, oder setzen Sie ein neues Passwort, falls Sie Ihres vergessen haben.'),
	('password_reset', 'Setzen Sie ein neues Passwort', E'setzen Sie hier ein neues Passwort:\n\n{{publicUrl}}/reset-password?token={{token}}\n\nDer Link gilt einmal und eine Stunde lang. Jemand{{#address}} von {{address}}{{/address}} hat darum gebeten; wenn Sie es nicht waren, beachten Sie diese Mail nicht.'),
	('password_changed', 'Ihr Passwort wurde geändert', 'Ihr Passwort wurde geändert{{#address}} von {{address}}{{/address}}, und alle Ihre Sitzungen sind beendet. Wenn Sie es nicht waren, setzen Sie sofort ein neues Passwort und schreiben Sie uns.'),
	('security_alert', 'Bitte prüfen Sie Ihr Konto', 'eine Ihrer Sitzungen wurde an zwei Orten benutzt{{#address}}, zuletzt von {{address}}{{/address}}{{#userAgent}} ({{userAgent}}){{/userAgent}}. Sie wurde beendet. Wenn Sie nicht wissen, warum, ändern Sie Ihr Passwort.'),
	('account_closed', 'Ihr Konto ist geschlossen', E'Ihr Konto ist geschlossen.{{#reason}} Grund: {{reason}}{{/reason}} Was Sie verdient, bezahlt und unterschrieben haben, bleibt gespeichert, wie es das Gesetz verlangt.\n\nWenn Sie das für falsch halten, wenden Sie sich an uns.'),
	('user.erasure_requested', 'Ihr Konto wird gelöscht', E'Sie haben darum gebeten, Ihr Konto zu löschen. Das geschieht am {{eraseAt}}; bis dahin können Sie es sich in den Einstellungen Ihres Kontos anders überlegen. Wenn Sie das nicht waren, nehmen Sie den Antrag dort zurück und ändern Sie Ihr Passwort.'),
	('user.erasure_refused', 'Ihr Konto konnte nicht gelöscht werden', E'Sie haben darum gebeten, Ihr Konto zu löschen, aber ein Vertrag, eine Zahlung oder ein Guthaben ist noch offen. Ihr Antrag nennt es. Beenden Sie es und stellen Sie ihn neu.'),
	('user.suspended', 'Ihr Konto ist gesperrt', E'Ihr Konto ist gesperrt, und alle Ihre Sitzungen sind beendet.{{#reason}} Grund: {{reason}}{{/reason}}\n\nWenn Sie das für falsch halten, wenden Sie sich an uns.'),
	('proposal.received', 'Neues Angebot für {{project.title}}', E'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}jemand{{/freelancer}} hat Ihnen ein Angebot für „{{project.title}}“ geschickt.\n\n{{publicUrl}}/projects/{{projectId}}'),
	('proposal.accepted', 'Ihr Angebot für {{project.title}} wurde angenommen', '{{#client}}{{name}}{{/client}}{{^client}}der Kunde{{/client}} hat Ihr Angebot für „{{project.title}}“ angenommen. Warten Sie, bis der erste Meilenstein bezahlt ist, bevor Sie beginnen.'),
	('invitation.received', 'Sie sind eingeladen, ein Angebot zu machen', E'{{#client}}{{name}}{{/client}}{{^client}}ein Kunde{{/client}} hätte gern Ihr Angebot für „{{project.title}}“.\n\n{{publicUrl}}/projects/{{projectId}}'),
	('milestone.funded', 'Ein Meilenstein von {{booking.title}} ist bezahlt', '{{milestone.amount}} {{milestone.currency}} für „{{milestone.title}}“ liegen auf dem Treuhandkonto. Sie können beginnen.'),
	('milestone.submitted', 'Arbeit für {{booking.title}} wurde abgegeben', E'{{#freelancer}}{{name}}{{/freelancer}}{{^freelancer}}jemand{{/freelancer}} hat „{{milestone.title}}“ abgegeben. Nehmen Sie es ab oder bitten Sie um Änderungen; ohne Antwort wird das Geld von selbst freigegeben.\n\n{{publicUrl}}/bookings/{{bookingId}}'),
	('milestone.release_near', 'Das Geld für {{milestone.title}} wird bald freigegeben', E'{{milestone.amount}} {{milestone.currency}} für „{{milestone.title}}“ werden in {{daysLeft}} Tag(en) freigegeben, wenn Sie die Arbeit nicht vorher abnehmen oder um Änderungen bitten.\n\n{{publicUrl}}/bookings/{{bookingId}}'),
	('milestone.payment_due', 'Eine Woche von {{booking.title}} ist nicht bezahlt', E'weder Ihr Guthaben noch Ihr Zahlungsmittel deckt {{milestone.amount}} {{milestone.currency}} für „{{milestone.title}}“. Bis es bezahlt ist, werden keine Stunden mehr erfasst.\n\n{{publicUrl}}/bookings/{{bookingId}}'),
	('milestone.released', 'Sie wurden für {{milestone.title}} bezahlt', 'das Geld für „{{milestone.title}}“ wurde für Sie freigegeben. Nach einigen Tagen kann es ausgezahlt werden.'),
	('dispute.opened', 'Ein Streitfall über {{booking.title}}', E'{{#actor}}{{name}}{{/actor}}{{^actor}}die andere Seite{{/actor}} fordert {{amount}} von „{{milestone.title}}“. Das Geld ist eingefroren. Antworten Sie rechtzeitig: ohne Antwort gilt die Forderung als anerkannt.\n\n{{publicUrl}}/disputes/{{disputeId}}'),
	('dispute.split_proposed', 'Eine Aufteilung für {{booking.title}} ist vorgeschlagen', E'im Streitfall über „{{milestone.title}}“ sind {{toClaimant}} für die fordernde Seite vorgeschlagen, der Rest für die andere. Nehmen Sie an oder lehnen Sie ab; Schweigen gilt als Annahme.\n\n{{publicUrl}}/disputes/{{disputeId}}'),
	('dispute.resolved', 'Der Streitfall über {{booking.title}} ist entschieden', E'die Forderung zu „{{milestone.title}}“ wurde zwischen Ihnen beiden aufgeteilt. Sehen Sie sich das Ergebnis an:\n\n{{publicUrl}}/disputes/{{disputeId}}'),
	('payout.paid', 'Ihre Auszahlung wurde bezahlt', 'Ihre Auszahlung wurde bezahlt; das Geld ist auf dem Weg zu Ihrem Konto. Wenn Sie nicht darum gebeten haben, schreiben Sie uns sofort.'),
	('payout.failed', 'Ihre Auszahlung ist fehlgeschlagen', 'Ihre Auszahlung war nicht möglich; das Geld ist wieder in Ihrem Guthaben. Bitte prüfen Sie Ihr Auszahlungskonto.'),
	('payout.returned', 'Ihre Auszahlung kam zurück', 'Ihre Bank hat eine Auszahlung zurückgeschickt; das Geld ist ohne die Gebühr wieder in Ihrem Guthaben. Bitte prüfen Sie Ihr Auszahlungskonto.'),
	('payout_method.added', 'Ein Auszahlungskonto wurde hinzugefügt', '„{{label}}“ wurde Ihrem Konto als Auszahlungskonto hinzugefügt; ab {{usableFrom}} kann dorthin ausgezahlt werden. Wenn Sie das nicht waren, entfernen Sie es, ändern Sie Ihr Passwort und schreiben Sie uns sofort.'),
	('payout_method.made_default', 'Ihre Auszahlungen gehen an ein anderes Konto', '„{{label}}“ ist jetzt Ihr Auszahlungskonto, und geplante Auszahlungen gehen dorthin. Wenn Sie das nicht waren, ändern Sie Ihr Passwort und schreiben Sie uns sofort.'),
	('webhook.given_up', 'Ein Webhook von Ihnen wurde abgeschaltet', 'Ihr Webhook {{url}} hat nicht angenommen, was wir geschickt haben, und bekommt keine Ereignisse mehr. Schalten Sie ihn ein, wenn er wieder geht; was er verpasst hat, kann erneut gesendet werden.'),
	('ledger.broken', 'Die Bücher sind nicht in Ordnung: {{name}}', 'die nächtliche Prüfung der Bücher fand {{violations}} Verstöße gegen „{{name}}“. Sehen Sie nach, bevor etwas ausgezahlt wird.'),
	('announcement', '{{#texts.de}}{{{title}}}{{/texts.de}}{{^texts.de}}{{{texts.en.title}}}{{/texts.de}}', '{{#texts.de}}{{{body}}}{{/texts.de}}{{^texts.de}}{{{texts.en.body}}}{{/texts.de}}'),
	('digest', '{{count}} {{#several}}Benachrichtigungen{{/several}}{{^several}}Benachrichtigung{{/several}} für Sie', E'das ist geschehen{{#frequency.hourly}} in der letzten Stunde{{/frequency.hourly}}{{#frequency.daily}} seit gestern{{/frequency.daily}}{{#frequency.weekly}} in der letzten Woche{{/frequency.weekly}}:\n\n{{#items}}\n* {{title}}\n  {{body}}\n\n{{/items}}\n{{#more}}\nUnd {{more}} weitere.\n\n{{/more}}\n{{publicUrl}}/notifications')
) AS t (type, title, body);

-- the pages behind the link to unsubscribe
SELECT skillancer.put_template(t.type, 'EMAIL', t.title, t.body, format(
'<!DOCTYPE html>
<html lang="de">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Skillancer</title></head>
<body style="font-family:sans-serif;max-width:32em;margin:4em auto;padding:0 1em">
<h1>%s</h1>
<p>%s</p>
%s</body>
</html>
', t.title, t.body, t.form), 'de')
FROM (VALUES
	('page.unsubscribe', 'Keine Mails dieser Art mehr?', 'Sie erhalten keine Mails mehr über: {{categories}}. In der App sehen Sie alles wie zuvor.',
		E'<form method="post"><button type="submit" style="font-size:large;padding:.5em 1em">Abbestellen</button></form>\n'),
	('page.unsubscribed', 'Erledigt', 'Sie erhalten keine Mails mehr über: {{categories}}. In Ihren Einstellungen können Sie das jederzeit ändern.', '')
) AS t (type, title, body, form);
