/// The rule table a node labels by when it is given none: `Policies/sensitivity.tsv`, word for word.
enum StandardSensitivities {
    static let table = """
        # What a code in a document says about how the document must be handled.
        # One rule a line, four columns with a tab between: code system, codes, labels, why.
        #   system  icd-10-cm icd-10 icd-9-cm loinc snomed rxnorm cvx actcode confidentiality, a URI, or * for \
        all; a comma between
        #   codes   B20 this code, F11* all that begin so, F12-F16 categories from to, ~word a word of the code's \
        name
        #   labels  sensitivities of v3-ActCode, and R or V of v3-Confidentiality; R where neither is named
        # All rules that match count. A document with a sensitivity is never less than restricted.

        # Substance use (42 CFR Part 2); nicotine and caffeine are none of it
        icd-10-cm,icd-10\tF10* K70* K29.2* K85.2* K86.0 I42.6 G31.2 G62.1 E24.4 O99.31* R78.0 Q86.0 P04.3 T51.0* \
        Z71.4*\tETHUD\talcohol use disorder and what it does
        icd-10-cm,icd-10\tF11* T40.0* T40.1* T40.2* T40.3* T40.4* T40.6*\tOPIOIDUD\topioid use disorder, poisoning \
        by opioids
        icd-10-cm,icd-10\tF12-F16 F18-F19 F55* T40.5* T40.7* T40.8* T40.9* T43.6* O99.32* P96.1 R78.1 R78.2 R78.3 R78.4 \
        Z71.5*\tETH\tother drugs
        icd-9-cm\t291* 303* 305.0* 571.0 571.1 571.2 571.3 V11.3\tETHUD\talcohol
        icd-9-cm\t304.0* 304.7* 305.5* 965.0*\tOPIOIDUD\topioids
        icd-9-cm\t292* 304* 305.2* 305.3* 305.4* 305.6* 305.7* 305.8* 305.9*\tETH\tother drugs
        snomed\t7200002 66590003 15167005 18653004\tETHUD\talcohol dependence, alcohol abuse
        snomed\t75544000 5602001\tOPIOIDUD\topioid dependence, opioid abuse
        snomed\t191816009 26416006 31956009 21647008 85005007\tETH\tdrug dependence, drug abuse
        loinc\t34857-3\tETH\tevaluation and management of substance abuse note
        loinc\t~ethanol ~alcoholism\tETHUD\talcohol in blood, breath or urine
        loinc\t~opiates ~opioids ~methadone ~buprenorphine ~fentanyl ~oxycodone\tOPIOIDUD\topioids in blood or urine
        loinc\t~cocaine ~amphetamines ~methamphetamine ~cannabinoids ~phencyclidine \
        ~tetrahydrocannabinol\tETH\tother drugs in blood or urine
        rxnorm\t1819 6813 7243 ~buprenorphine ~methadone ~lofexidine\tOPIOIDUD\ttreatment of opioid dependence
        rxnorm\t3554 82819 ~disulfiram ~acamprosate ~naltrexone\tETHUD\ttreatment of alcohol dependence
        actcode\tETH\tETH\tlabelled within the document
        actcode\tETHUD\tETHUD\tlabelled within the document
        actcode\tOPIOIDUD\tOPIOIDUD\tlabelled within the document
        actcode\tSUD\tSUD\tlabelled within the document
        *\t~42CFRPart2\tETH\tmarked as under 42 CFR Part 2

        # Mental health
        icd-10-cm,icd-10\tF20-F51 F53-F63 F68-F69 F90-F99 R45.851 T14.91* X71-X83 Z91.5*\tPSY\tmental disorders, \
        self-harm
        icd-10-cm,icd-10\t~suicidal ~suicide ~harm\tPSY\ta poisoning's intent is told in its name
        icd-10-cm,icd-10\tF01-F09\tCOGN\tdisorders of cognition
        icd-10-cm,icd-10\tF70-F89\tDVD\tdisorders of development
        icd-9-cm\t293-302 306-316 E95*\tPSY\tmental disorders, self-harm
        snomed\t58214004 13746004 370143000 35489007 197480006 48694002 47505003 191736004 69322001 44376007 \
        82313006\tPSY\tschizophrenia, bipolar, depressive, anxiety and stress disorders, suicide attempt
        loinc\t34785-6 34788-0 34791-4 68648-5 34102-4 34864-9 34865-6 34866-4 68641-0 68642-8 59259-2 34787-2 \
        34790-6 34793-0 68644-4 68599-0 68645-1 34786-4 28628-6 34792-2 68601-4 68646-9 34904-3 28627-8 11510-5 \
        57143-0 57157-0 57158-8 68647-7\tPSY\tnotes of psychiatry, psychology, mental health
        loinc\t~psychotherapy\tV PSYTHPN\tpsychotherapy notes (45 CFR 164.501)
        rxnorm\t6448 2626 61381 35636 51272 89013 5093 115698 ~lithium ~clozapine ~olanzapine ~risperidone \
        ~quetiapine ~aripiprazole ~haloperidol ~ziprasidone ~lurasidone ~paliperidone\tPSY\tantipsychotics, lithium
        actcode\tPSY\tPSY\tlabelled within the document
        actcode\tPSYTHPN\tV PSYTHPN\tlabelled within the document
        actcode\tMH\tMH\tlabelled within the document
        actcode\tBH\tBH\tlabelled within the document

        # HIV
        icd-10-cm,icd-10\tB20* B21* B22* B23* B24* B97.35 Z21 R75 O98.7* Z20.6 Z11.4 Z71.7 Z83.0\tHIV\tHIV \
        disease, status, exposure, test, counselling
        icd-9-cm\t042 079.53 V08 795.71 V01.79\tHIV\tHIV disease and status
        snomed\t86406008 62479008 165816005 91947003 91948008 40780007\tHIV\tHIV infection, AIDS, HIV positive
        loinc\t7917-8 7918-6 5221-7 20447-9 22356-5 24012-2 25836-8 29539-4 29893-5 31201-7 48345-7 56888-1 \
        68961-2 75622-1 80203-3 38961-9 47245-6 74264-3 ~hiv\tHIV\tHIV antibody, antigen and RNA, HIV documents
        rxnorm\t11413 68244 276237 195085 1433868 719872 460132 343047 85762 190521 53654 1999667 \
        1102270\tHIV\tantiretrovirals by ingredient
        rxnorm\t~zidovudine ~lamivudine ~emtricitabine ~efavirenz ~dolutegravir ~raltegravir ~bictegravir \
        ~darunavir ~atazanavir ~abacavir ~rilpivirine ~cabotegravir ~nevirapine ~tenofovir\tHIV\tantiretrovirals \
        by name
        actcode\tHIV\tHIV\tlabelled within the document

        # Sexual assault, abuse, domestic violence
        icd-10-cm\tT74* T76* Y07* Z69* O9A.3* O9A.4* O9A.5* Z62.81* Z91.41* Z04.4* Z04.7*\tSDV\tabuse, neglect, \
        examination after assault
        icd-10\tT74* Y06* Y07* Z04.4 Z61.4 Z61.5 Z61.6\tSDV\tabuse, neglect, examination after assault
        icd-9-cm\t995.5* 995.8* E967* V61.1* V71.5 V71.81\tSDV\tabuse, neglect, examination after assault
        actcode\tSDV\tSDV\tlabelled within the document
        actcode\tMST\tMST\tlabelled within the document

        # Sexual and reproductive health
        icd-10-cm,icd-10\tF52* F64* F65* F66* N52* N53* O03* O04* O07* T38.4* T83.3* Z30* Z33.2 Z64.0 Z70* Z72.5* \
        Z87.890\tSEX\tcontraception, abortion and miscarriage, sexuality, gender
        icd-9-cm\t302* 635* V25* V26* V61.7\tSEX\tcontraception, abortion, sexuality, gender
        icd-10-cm,icd-10\tA50-A64 O98.1* O98.2* O98.3* Z11.3 Z20.2\tSTD\tinfections that are passed on sexually
        icd-9-cm\t090-099 V01.6 V74.5\tSTD\tinfections that are passed on sexually
        loinc\t~treponema ~reagin ~gonorrhoeae\tSTD\ttests for syphilis and gonorrhoea
        actcode\tSEX\tSEX\tlabelled within the document
        actcode\tSTD\tSTD\tlabelled within the document

        # What is inherited
        icd-10-cm,icd-10\tD57*\tSICKLE\tsickle-cell disorders
        icd-10-cm,icd-10\tG10* Z14* Z15* Z31.43* Z13.7*\tGDIS\tcarriers, susceptibility, genetic tests
        loinc\t68651-9 68661-8 68652-7 68653-5 68655-0 68662-6 68650-1 68656-8 68657-6 68658-4 68659-2 68660-0 \
        51969-4\tGDIS\tnotes and reports of clinical genetics
        actcode\tSICKLE\tSICKLE\tlabelled within the document
        actcode\tGDIS\tGDIS\tlabelled within the document

        # A part of the document is more confidential than its header says
        confidentiality\tR\tR\ta restricted section
        confidentiality\tV\tV\ta very restricted section

        """
}
