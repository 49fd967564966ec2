# sql/build.mk
#	Rules for the scripts of the extension. extension/Makefile includes it, so paths are relative to extension/.
#
#	A released version is installed as it was frozen in migrations/released/ (sql/release); the version in
#	skillancer.control is built from sql/ and migrations/, with a script that upgrades from the last released one.

SQL_SOURCES := $(wildcard ../sql/*.sql ../sql/*/*.sql ../migrations/*.sql ../migrations/extension/*.sql \
	../sql/ext/*.sh) types/ids.def ../sql/assemble skillancer.control \
	$(wildcard ../sql ../sql/* ../migrations ../migrations/extension)

all: $(DATA_built)

skillancer--$(SKL_VERSION).sql: $(SQL_SOURCES)
	../sql/assemble install > $@.tmp
	mv $@.tmp $@

skillancer--$(SKL_PREVIOUS)--$(SKL_VERSION).sql: $(SQL_SOURCES)
	../sql/assemble upgrade $(SKL_PREVIOUS) $(SKL_VERSION) > $@.tmp
	mv $@.tmp $@
