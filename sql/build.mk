# sql/build.mk
#	Rules for the extension script. extension/Makefile includes it, so paths are relative to extension/.

SQL_SOURCES := $(wildcard ../sql/*.sql ../sql/*/*.sql ../migrations/*.sql ../sql/ext/*.sh) types/ids.def

all: skillancer--$(SKL_VERSION).sql

skillancer--$(SKL_VERSION).sql: $(SQL_SOURCES) ../sql/assemble skillancer.control $(wildcard ../sql ../sql/* ../migrations)
	../sql/assemble install > $@.tmp
	mv $@.tmp $@
